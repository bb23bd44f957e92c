"""Which colour a SKU, or a part of the charges, has in every chart, on pages and on paper.

Ten colours that people with any colour vision tell apart, the same as the pages' own (.streamlit/config.toml says
where they come from; a test keeps the two alike). More than ten SKUs share them, so a chart names its SKUs, too.
"""

from __future__ import annotations

from collections.abc import Iterable

ON_LIGHT = ("#0072b2", "#b35900", "#007a5e", "#a64d79", "#5f5f00",
            "#3d7ea6", "#8a6d00", "#6b6b6b", "#4b4bb0", "#9c2f2f")  # fmt: skip
ON_DARK = ("#56b4e9", "#e69f00", "#2fbf95", "#dd94bd", "#f0e442",
           "#8cc8ee", "#d8b365", "#b0b0b0", "#b3b3ff", "#ff9e9e")  # fmt: skip


def sku_colours(skus: Iterable[str], *, is_dark: bool = False) -> dict[str, str]:
    """A colour for each SKU, by its place among all of them in order: always give all key SKUs, not those in view."""
    colours = ON_DARK if is_dark else ON_LIGHT
    return {sku: colours[place % len(colours)] for place, sku in enumerate(sorted(set(skus)))}


# What the parts of a month's charges are called where they have a colour.
CARRIER_COST, SERVICE_FEES, STORAGE, ADDED = "Carrier cost", "Service fees", "Storage", "Added lines"


def charge_colours(*, is_dark: bool = False) -> dict[str, str]:
    """A colour for each part of a month's charges. Service fees are those but for storage, which has its own."""
    colours = ON_DARK if is_dark else ON_LIGHT
    return {CARRIER_COST: colours[0], SERVICE_FEES: colours[1], STORAGE: colours[2], ADDED: colours[7]}
