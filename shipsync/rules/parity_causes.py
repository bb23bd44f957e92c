"""What differing orders have in common: which attribute is the most over-represented among them (P31).

Lift is the share of a value among the differing orders over its share among all. What stands first is not the highest
lift, which any rare value reaches by chance, but the value that tells most: its share among the differing ones times
the logarithm of its lift.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

ATTRIBUTES: Mapping[str, str] = {
    "carrier": "go by {}",
    "status": "are {}",
    "SKU": "hold SKU {}",
    "hour": "were changed in the hour from {}:00 UTC",
    "page": "came on page {} of a reading",
    "route": "were routed as '{}'",
    "source": "come from {}",
}
_CODES = ("status", "route")  # told in words, with spaces
MOST_CAUSES = 3
LEAST_LIFT = 1.2
LEAST_ORDERS = 2  # one order has everything in common with itself

# Of one order: attribute -> its values; an order may hold several SKUs.
Attributes = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class Cause:
    """One value that differing orders have more often than others."""

    attribute: str
    value: str
    orders: int  # differing ones that have it
    share: float  # of the differing ones
    base: float  # of all orders
    sentence: str

    @property
    def lift(self) -> float:
        """How many times its share of all orders."""
        return self.share / self.base


def causes(differing: Iterable[Attributes], everywhere: Mapping[tuple[str, str], int], orders: int) -> list[Cause]:
    """The values that tell most, at most one of each attribute, at most three; empty where nothing stands out.

    `everywhere` counts, by attribute and value, how many of all `orders` have it.
    """
    groups = list(differing)
    if len(groups) < LEAST_ORDERS or orders <= 0:
        return []
    among = Counter((name, value) for one in groups for name, values in one.items() for value in values)
    found: dict[str, Cause] = {}
    for (name, value), count in sorted(among.items()):
        # What only differing orders have, in a lane that lacks it, is as rare as one among all can be.
        base = min(1.0, max(everywhere.get((name, value), 0), 1) / orders)
        cause = Cause(name, value, count, count / len(groups), base, "")
        if count < LEAST_ORDERS or cause.lift < LEAST_LIFT:
            continue
        if name not in found or _tells(cause) > _tells(found[name]):
            found[name] = cause
    best = sorted(found.values(), key=lambda one: (-_tells(one), one.attribute))[:MOST_CAUSES]
    return [
        Cause(one.attribute, one.value, one.orders, one.share, one.base, _sentence(one, len(groups))) for one in best
    ]


def _tells(cause: Cause) -> float:
    return cause.share * math.log(cause.lift)


def _sentence(cause: Cause, differing: int) -> str:
    value = cause.value.replace("_", " ") if cause.attribute in _CODES else cause.value
    what = ATTRIBUTES.get(cause.attribute, f"have {cause.attribute} {{}}").format(value)
    return (
        f"{cause.orders:,} of {differing:,} differing orders ({cause.share:.0%}) {what}, "
        f"{cause.lift:.1f} times their share of all orders ({cause.base:.1%})."
    )
