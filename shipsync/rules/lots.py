"""SKU and lot text, read by one parser everywhere (facts/domain.md section 1.4).

"17612 - 250237"  "17612-250237"  "17612  -  250237"   SKU 17612, lot 250237
"17612"                                                SKU 17612, no lot
"17612-6"                                              a pack of six: not a lot, not readable here
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# A lot has six digits (two of the year, four of a sequence) or five. Fewer digits are a pack size, not a lot.
_SKU_LOT = re.compile(r"(?P<sku>[0-9]{4,10})(?:\s*-\s*(?P<lot>[0-9]{5,6}))?")
_LOT = re.compile(r"[0-9]{5,6}")


@dataclass(frozen=True, slots=True)
class SkuLot:
    """A SKU and, where the text named one, the lot."""

    base_sku: str
    lot: str | None

    @property
    def text(self) -> str:
        """The canonical spelling, "17612 - 250237"."""
        return f"{self.base_sku} - {self.lot}" if self.lot else self.base_sku


def parse_sku_lot(text: str | None) -> SkuLot | None:
    """Read a SKU-lot text; None when it is neither "SKU" nor "SKU - LOT" (the caller logs it and shows it)."""
    match = _SKU_LOT.fullmatch((text or "").strip())
    if match is None:
        return None
    return SkuLot(match["sku"], match["lot"])


def sku_lot_text(sku: str, lot: str) -> str:
    """The canonical spelling of a SKU's lot, '17612 - 250237'; of units without one ('') the SKU alone."""
    return SkuLot(sku, lot or None).text


def is_lot(text: str) -> bool:
    """Whether a text is a lot by itself."""
    return _LOT.fullmatch(text) is not None


def typed_lot(sku: str, text: str) -> str:
    """The lot that a person typed or scanned for a SKU: the lot alone, or the whole text of its label.

    What is neither comes back as it was typed, for whoever checks it to name.
    """
    read = parse_sku_lot(text)
    if read is not None and read.base_sku == sku and read.lot is not None:
        return read.lot
    return text.strip()
