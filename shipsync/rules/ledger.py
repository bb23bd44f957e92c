"""The stock ledger: what a movement is, and what parcels make of it (DESIGN D14, facts/domain.md section 1.8).

    stock of a SKU's lot = what was counted last + everything that moved after that instant

A count is an absolute anchor at its instant: what happened before it does not change it, however late it becomes known.
What left the house comes from parcels. The ledger is append-only, so when a parcel turns out otherwise (a label takes
the place of a stand-in, its contents were corrected) the difference is posted, at the instant of what it corrects; a
void is no correction but the day on which the units came back.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Literal
from zoneinfo import ZoneInfo

from shipsync.rules.periods import business_date, day_closes, day_starts

Kind = Literal["receive", "ship", "void", "adjust_up", "adjust_down", "repack", "count"]

NO_LOT = ""  # the visible line of units of which nobody has said the lot

# Why stock was changed by hand (facts/domain.md section 4), and why a count differs. A code is compulsory.
REASONS: Mapping[str, str] = {
    "damaged": "Damaged",
    "destroyed": "Destroyed or expired",
    "missing": "Missing, not explained",
    "found": "Found",
    "miscount": "Miscounted before",
    "wrong_item": "Wrong item or lot",
    "channel_fix": "Shipped or returned without a label",
    "sample": "Sample or display",
    "return": "Returned to stock",
    "system": "Correction of a wrong entry",
}
OPENING = "opening"  # a count that no stock went before

# An adjustment, or a difference of a count, of more units than this needs a second person (facts/domain.md 1.8).
APPROVAL_ABOVE = "approval_above"  # name of the setting
DEFAULT_APPROVAL_ABOVE = 4
LARGE_RECEIPT = 200  # one of so many units needs the supplier's lot (facts/domain.md section 1.4)


@dataclass(frozen=True, slots=True)
class Movement:
    """One entry to be posted."""

    kind: Kind
    sku: str
    lot: str
    quantity: int  # units it adds to the shelf; of a count: what was counted
    moved_at: datetime
    business_date: date
    reason_code: str | None = None
    note: str | None = None
    reference: str | None = None
    corrects: int | None = None
    parcel_kind: str | None = None
    parcel_id: int | None = None
    shipstation_order_id: int | None = None


@dataclass(frozen=True, slots=True)
class ParcelNow:
    """A parcel as it stands now. `units` by SKU and lot; of a voided one they do not matter."""

    kind: str
    parcel_id: int
    order_id: int
    created_at: datetime
    ship_date: date
    voided_at: datetime | None
    units: Mapping[tuple[str, str], int]


@dataclass(frozen=True, slots=True)
class Posted:
    """What the ledger has of a parcel: the sum of its entries of one kind, SKU, lot and business date."""

    parcel_kind: str
    parcel_id: int
    order_id: int
    kind: str  # ship or void
    sku: str
    lot: str
    business_date: date
    moved_at: datetime
    quantity: int


@dataclass
class _OnePosted:
    """Of one parcel: sums by SKU, lot and date, with the instant they were posted at."""

    ship: dict[tuple[str, str, date], tuple[int, datetime]] = field(default_factory=dict)
    void: dict[tuple[str, str, date], tuple[int, datetime]] = field(default_factory=dict)


def left_at(created_at: datetime, ship_date: date, zone: ZoneInfo) -> datetime:
    """When the units of a parcel left: when its label was made, held within its ship date, the day they count for.

    A label made the evening before leaves with the first instant of its day, one dated back with the last.
    """
    return min(max(created_at, day_starts(ship_date, zone)), day_closes(ship_date, zone))


def postings(parcels: Iterable[ParcelNow], posted: Sequence[Posted], zone: ZoneInfo) -> list[Movement]:
    """What has to be posted so that the ledger says what these parcels say. Nothing where it does already.

    `posted` is all that the ledger has of their orders; a parcel in it that stands no more takes its units back at the
    instant it was posted at, because it never left.
    """
    before = _by_parcel(posted)
    now = {(one.kind, one.parcel_id, one.order_id): one for one in parcels}
    movements: list[Movement] = []
    for key in sorted(before.keys() | now.keys()):
        there, parcel = before.get(key, _OnePosted()), now.get(key)
        parcel_kind, parcel_id, order_id = key
        wanted = _wanted(parcel, there, zone)
        for kind, have, want in (("ship", there.ship, wanted.ship), ("void", there.void, wanted.void)):
            for place in sorted(have.keys() | want.keys()):
                sku, lot, day = place
                had, had_at = have.get(place, (0, None))
                wants, wants_at = want.get(place, (0, None))
                if wants == had:
                    continue
                moved_at = had_at or wants_at
                if moved_at is None:
                    raise AssertionError(f"parcel {key} has units without an instant")
                movements.append(
                    Movement(
                        "ship" if kind == "ship" else "void",
                        sku,
                        lot,
                        wants - had,
                        moved_at,
                        day,
                        parcel_kind=parcel_kind,
                        parcel_id=parcel_id,
                        shipstation_order_id=order_id,
                    )
                )
    return movements


def _by_parcel(posted: Sequence[Posted]) -> dict[tuple[str, int, int], _OnePosted]:
    found: dict[tuple[str, int, int], _OnePosted] = {}
    for one in posted:
        mine = found.setdefault((one.parcel_kind, one.parcel_id, one.order_id), _OnePosted())
        sums = mine.ship if one.kind == "ship" else mine.void
        sums[one.sku, one.lot, one.business_date] = (one.quantity, one.moved_at)
    return found


def _wanted(parcel: ParcelNow | None, there: _OnePosted, zone: ZoneInfo) -> _OnePosted:
    if parcel is None:
        return _OnePosted()
    if parcel.voided_at is None:
        at = left_at(parcel.created_at, parcel.ship_date, zone)
        return _OnePosted({(sku, lot, parcel.ship_date): (-units, at) for (sku, lot), units in parcel.units.items()})
    # It counted until it was voided, and one that was never posted never did. Nothing comes back before it left.
    void: dict[tuple[str, str, date], tuple[int, datetime]] = {}
    for (sku, lot, _), (quantity, moved_at) in there.ship.items():
        if not quantity:
            continue  # taken back already: it was another day, or another lot
        at = max(parcel.voided_at, moved_at)
        place = (sku, lot, business_date(at, zone))
        void[place] = (void.get(place, (0, at))[0] - quantity, at)
    return _OnePosted(dict(there.ship), void)


@dataclass(frozen=True, slots=True)
class Waterfall:
    """How an expectation comes about: what was there at first, and what moved since. Units."""

    opening: int
    received: int
    shipped: int  # what left, as a positive number
    voided: int  # what came back
    adjusted: int  # up and down together
    repacked: int
    counted: int = 0  # what counts in between have added or taken

    @property
    def expected(self) -> int:
        """opening + received - shipped + voided +/- adjusted + repacked +/- counted."""
        return self.opening + self.received - self.shipped + self.voided + self.adjusted + self.repacked + self.counted
