"""What needs a person now, one line each with one place to go to, the worst first (UX.md, the top of Today)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from shipsync.rules.alerts import (
    HELD_TOO_LONG,
    IMPORTS,
    QUARANTINE,
    Facts,
    Level,
    Place,
    alerts,
)

MOST_SKUS = 5

# Alerts that are told line by line here.
_TOLD_APART = {"quarantine", "unknown-sku"}
_UNKNOWN_SKU = "unknown_sku"


@dataclass(frozen=True, slots=True)
class Need:
    """One line."""

    level: Level
    text: str
    place: Place
    since: datetime | None
    waits: bool = False  # it may mend itself; nobody has to do anything yet


def needs(facts: Facts, now: datetime) -> list[Need]:
    """Everything that needs a person, the worst first; what may mend itself comes last."""
    found = [
        Need(one.level, one.text, one.place, one.since, waits=not one.fires)
        for one in alerts(facts, now)
        if one.key not in _TOLD_APART or one.state == "cannot tell"
    ]
    found += [*_unknown_skus(facts), *_held(facts, now)]
    return sorted(found, key=lambda one: (one.waits, one.level != "bad"))


def _unknown_skus(facts: Facts) -> Iterator[Need]:
    for one in facts.unknown_skus[:MOST_SKUS]:
        orders = f"{one.orders:,} order{'s are' if one.orders > 1 else ' is'} held back"
        place = Place(IMPORTS.page, "Add the bundle", (("bundle", one.sku),))
        yield Need("warn", f"{orders}: nobody knows the SKU {one.sku}.", place, one.oldest_at)
    more = len(facts.unknown_skus) - MOST_SKUS
    if more > 0:
        since = min(one.oldest_at for one in facts.unknown_skus)
        skus = "1 more SKU" if more == 1 else f"{more:,} more SKUs"
        yield Need("warn", f"Orders are held back by {skus} that nobody knows.", IMPORTS, since)


def _held(facts: Facts, now: datetime) -> Iterator[Need]:
    """A line for each reason; orders with an unknown SKU are told by the SKU."""
    for one in facts.held:
        if one.reason == _UNKNOWN_SKU and facts.unknown_skus:
            continue
        level: Level = "bad" if now - one.oldest_at > HELD_TOO_LONG else "warn"
        more = f" And {one.count - 1:,} more of this kind." if one.count > 1 else ""
        yield Need(level, f"{one.example}{more}", QUARANTINE, one.oldest_at)
