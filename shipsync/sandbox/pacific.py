"""ShipStation's time: US Pacific wall time without an offset (API.md section 2).

Inside the sandbox every instant is an aware UTC datetime. ShipStation stores, compares and shows wall time instead, so
the hour that occurs twice in autumn is ambiguous in lists and filters here exactly as it is there. The whole numbers
that lists are sorted by count milliseconds of wall time.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

PACIFIC = ZoneInfo("America/Los_Angeles")

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001  wall time is naive by nature
_MILLISECOND = timedelta(milliseconds=1)
_DATE = re.compile(
    r"(?P<day>\d{4}-\d{1,2}-\d{1,2})"
    r"(?:[T ](?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:\.(?P<fraction>\d{1,9}))?)?)?"
    r"(?P<zone>Z|[+-]\d{2}:?\d{2})?"
)


def stamp(instant: datetime) -> datetime:
    """The instant as ShipStation can store it: SQL `datetime` has ticks of 1/300 s, so milliseconds end in 0, 3 or 7.

    Cut down to the tick, give or take a millisecond: a stamp stamped again stays as it is.
    """
    instant = instant.astimezone(UTC)
    ticks = min(299, (instant.microsecond + 500) * 3 // 10_000)
    return instant.replace(microsecond=(ticks * 10 + 1) // 3 * 1000)


def wall(instant: datetime) -> datetime:
    """The naive Pacific wall time of an instant."""
    return instant.astimezone(PACIFIC).replace(tzinfo=None)


def wall_ms(wall_time: datetime) -> int:
    """Milliseconds of wall time since 1970, the number that lists are sorted by."""
    return (wall_time - _EPOCH) // _MILLISECOND


def long_text(wall_time: datetime) -> str:
    """Seven fraction digits, as on orders, shipments and fulfillments: 2021-01-23T09:19:48.6130000."""
    return f"{wall_time:%Y-%m-%dT%H:%M:%S}.{wall_time.microsecond:06d}0"


def short_text(wall_time: datetime) -> str:
    """No to three fraction digits, trailing zeros cut, as on order items and stores: 2021-01-23T09:09:08.32."""
    return f"{wall_time:%Y-%m-%dT%H:%M:%S}.{wall_time.microsecond // 1000:03d}".rstrip("0").rstrip(".")


def read_date(text: str, *, honour_offsets: bool = True) -> datetime:
    """Read a date of a query or of an uploaded order as naive Pacific wall time.

    A plain date is midnight. Whether ShipStation honours "Z" and offsets is not known (API.md section 10, number 11).
    Raises ValueError for anything else.
    """
    match = _DATE.fullmatch(text.strip())
    if match is None:
        raise ValueError(f"{text!r} is not a date.")
    day = date(*(int(part) for part in match["day"].split("-")))
    wall_time = datetime(  # noqa: DTZ001
        day.year,
        day.month,
        day.day,
        int(match["hour"] or 0),
        int(match["minute"] or 0),
        int(match["second"] or 0),
        int((match["fraction"] or "0").ljust(6, "0")[:6]),
    )
    zone = match["zone"]
    if zone is None or not honour_offsets:
        return wall_time
    if zone == "Z":
        offset = timedelta()
    else:
        offset = timedelta(hours=int(zone[1:3]), minutes=int(zone[-2:])) * (-1 if zone[0] == "-" else 1)
    return wall((wall_time - offset).replace(tzinfo=UTC))
