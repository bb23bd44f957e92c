"""ShipStation's clock: naive Pacific wall time on its side, aware UTC instants on ours (DESIGN D2, API.md section 2).

Nothing outside this door knows about Pacific time. Two hours of the year need care:

    March, 02:00-03:00     does not exist; a time in it is taken an hour forward
    November, 01:00-02:00  exists twice, first at -07:00 and then at -08:00; the text does not say which one

A *wall* is a naive datetime as ShipStation writes it. What is sent are whole seconds, `YYYY-MM-DD HH:MM:SS`.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

PACIFIC = ZoneInfo("America/Los_Angeles")

SECOND = timedelta(seconds=1)
HOUR = timedelta(hours=1)

# Date, and perhaps a time with 0 to 7 fraction digits; an offset has been seen in documentation samples only.
_STAMP = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d:\d\d(\.\d{1,9})?(Z|[+-]\d\d:\d\d)?)?\Z")

_QUERY_FORM = "%Y-%m-%d %H:%M:%S"


def to_instant(text: str, answered_at: datetime) -> datetime:
    """The UTC instant that a date in an answer means. A plain date means midnight Pacific.

    In the repeated November hour it is the later of the two instants, unless that would lie after `answered_at`, the
    answer's own HTTP Date (whole seconds, so that whole second counts). Raises ValueError for anything but a date.
    """
    stamp = _parse(text)
    if stamp.tzinfo is not None:
        return stamp.astimezone(UTC)
    offset = _offset_of_hour(text[:13])
    try:
        if offset is not None:
            return (stamp - offset).replace(tzinfo=UTC)
        first, second = _as_utc(stamp, fold=0), _as_utc(stamp, fold=1)
    except OverflowError:
        raise ValueError(f"{text[:40]!r} is not a date of our calendar") from None
    if second < first:  # the gap: fold 0 reads it with the offset before the change, which is an hour forward
        return first
    return second if second < answered_at + SECOND else first


def to_date(text: str) -> date:
    """The calendar day of a date such as shipDate: a day in ShipStation's own calendar, not an instant."""
    return _parse(text).date()


def wall_second(text: str) -> str:
    """The whole second of a date in an answer, in the form in which it is sent back in a query."""
    stamp = _parse(text)
    if stamp.tzinfo is None and len(text) > 10:
        return f"{text[:10]} {text[11:19]}"
    return query_text(stamp if stamp.tzinfo is None else _as_wall(stamp))


def window(start: datetime, end: datetime) -> tuple[str, str]:
    """The wall-clock window to ask for so that nothing stamped within [start, end] (UTC) is left out.

    Seconds are rounded outwards. A bound inside the repeated hour is moved out of it, because its text would mean two
    instants: then the window covers all of that hour, whichever of the two ShipStation takes it for.
    """
    first = start.astimezone(UTC).replace(microsecond=0)
    last = end.astimezone(UTC)
    if last.microsecond:
        last = last.replace(microsecond=0) + SECOND
    return query_text(clear_before(_as_wall(first))), query_text(clear_after(_as_wall(last)))


def sent_order_date(instant: datetime) -> str:
    """An instant as the orderDate of an order we upload: ShipStation stores it as sent, so it must be Pacific."""
    return _as_wall(instant).strftime("%Y-%m-%dT%H:%M:%S.%f") + "0"


def clear_before(wall: datetime) -> datetime:
    """The latest whole second not after `wall` that exists once: outside the repeated hour and the gap."""
    wall = wall.replace(microsecond=0)
    if _offset_of_hour(_hour(wall)) is not None:
        return wall
    return wall.replace(minute=0, second=0) - SECOND


def clear_after(wall: datetime) -> datetime:
    """The earliest whole second not before `wall` that exists once: outside the repeated hour and the gap."""
    if wall.microsecond:
        wall = wall.replace(microsecond=0) + SECOND
    if _offset_of_hour(_hour(wall)) is not None:
        return wall
    return wall.replace(minute=0, second=0) + HOUR


def is_repeated_or_missing(wall: datetime) -> bool:
    """Whether the text of `wall` means two instants (November) or none (March)."""
    return _offset_of_hour(_hour(wall)) is None


def query_text(wall: datetime) -> str:
    """A wall time as ShipStation wants it in a query. Texts of this form sort as the times do."""
    return wall.strftime(_QUERY_FORM)


def from_query_text(text: str) -> datetime:
    """The wall time of a text made by `query_text`."""
    return datetime.strptime(text, _QUERY_FORM)  # noqa: DTZ007 - a wall time has no zone on purpose


def _parse(text: str) -> datetime:
    if not _STAMP.match(text):
        raise ValueError(f"{text[:40]!r} is not a date")
    return datetime.fromisoformat(text)  # digits beyond microseconds are cut


def _hour(wall: datetime) -> str:
    return wall.strftime("%Y-%m-%dT%H")


@lru_cache(maxsize=4096)
def _offset_of_hour(hour: str) -> timedelta | None:
    """UTC offset of a wall hour `YYYY-MM-DDTHH`; None where the hour exists twice or never.

    Both transitions of America/Los_Angeles since 1967 fall on a full hour, so an hour is wholly one or the other.
    """
    wall = datetime.fromisoformat(hour.replace(" ", "T"))
    first, second = (wall.replace(tzinfo=PACIFIC, fold=fold).utcoffset() for fold in (0, 1))
    return first if first == second else None


def _as_utc(wall: datetime, fold: int) -> datetime:
    return wall.replace(tzinfo=PACIFIC, fold=fold).astimezone(UTC)


def _as_wall(instant: datetime) -> datetime:
    return instant.astimezone(PACIFIC).replace(tzinfo=None, fold=0)
