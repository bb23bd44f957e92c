"""How lists are read page by page, although their rows move while we read (DESIGN D4, D6; API.md facts 5 and 6).

ShipStation's pages are offsets into a list that changes: when a row before the offset leaves the window, the next page
starts one row too far. So there are two ways to read, and a reading changes between them:

    walking    page 1 of [cursor, end], oldest first; the next cursor is the last row's second minus one. Nothing can be
               skipped, because no offset is used.
    numbered   pages 1, 2, ... of [lo, hi], where walking cannot get on: more rows in one second than a page holds,
               the repeated autumn hour, a list that cannot be sorted by its window (voids), and around a broken row.
               The part counts as read only when it was proven whole: `total` never changed and as many different rows
               were seen. Otherwise it is read again.

Both ask for the smallest whole second on the safe side, because it is not known whether ShipStation's bounds are
inclusive or compare fractions (API.md section 10); rows that come twice are the reader's to drop.

A page that ShipStation always answers with 5xx holds a broken row (API.md gotcha 4). It is divided, 500 -> 250 -> 125
-> 25 -> 5 -> 1, page numbers aligned, until that row stands alone. It is reported as a PoisonRow, and reading goes on
behind it.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime
from typing import Any, Generic, TypeVar

from shipsync.doors.shipstation.dates import (
    SECOND,
    clear_after,
    clear_before,
    from_query_text,
    is_repeated_or_missing,
    query_text,
    to_instant,
    wall_second,
    window,
)
from shipsync.doors.shipstation.records import SHAPES, RemoteRow, envelope, read_rows, row_id
from shipsync.doors.shipstation.transport import Answer, Transport, Trouble
from shipsync.errors import ShipStationDown, ShipStationGarbled
from shipsync.rules.shipstation import BadRow, Feed, PoisonRow

log = logging.getLogger(__name__)

SIZES = (500, 250, 125, 25, 5, 1)  # each divides the one before

MAX_PASSES = 8  # readings of one numbered part before we say that it cannot be read whole
MAX_POISON = 25  # broken rows in one part; more is an outage
SUSPICIOUS = 3  # rows failing one after the other before we ask whether anything answers at all

_FAR = 1_000_000  # an offset behind the end of every list

# Tries for a page of a size while dividing: a wrong guess at a larger size only divides further, at one row it matters.
_TRIES = {250: 2, 125: 2, 25: 2, 5: 2, 1: 4}
_PROBE_TRIES = 2

R_co = TypeVar("R_co", bound=RemoteRow, covariant=True)


@dataclass(frozen=True, slots=True)
class Page(Generic[R_co]):
    """One answer of a list, as text and as records."""

    feed: Feed
    page_no: int  # 1.. within this reading, going on after a resume
    request: dict[str, str]  # the query parameters as sent; no credentials
    body: str  # exact text of the answer
    answered_at: datetime  # the server's own HTTP Date
    rows: list[R_co]
    bad: list[BadRow]
    poison: list[PoisonRow]  # places just before this page that could not be read
    resume: str | None  # with it a later reading goes on after this page; None on the last page


@dataclass(frozen=True, slots=True)
class ListQuery:
    """One of ShipStation's lists with its filters."""

    feed: Feed
    path: str
    fixed: dict[str, str]  # parameters of every request, the sorting among them
    start_name: str | None  # parameter for the start of the window; None: the list is asked for as a whole
    end_name: str | None
    date_name: str  # the row's field by which the list is sorted
    walks: bool = True  # the list is sorted by the same date as its window


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a reading stands. Everything a later process needs to go on; wall times in query form."""

    start: str  # the window that was asked for, UTC
    end: str
    wall_end: str
    lo: str  # walking: the cursor; numbered: where the part begins
    page_no: int = 0
    prev_id: str | None = None  # the last dated row that was read, and its instant
    prev_at: str | None = None
    # The rest is used while reading numbered pages.
    numbered: bool = False
    hi: str = ""
    then: str | None = None  # the cursor to walk on from; None: the reading ends with this part
    offset: int = 0
    cap: int = SIZES[0]  # the largest page to ask for at this offset
    total: int | None = None
    seen: tuple[str, ...] = ()
    unseen: int = 0  # rows counted by `total` that have no id to see: null ones and broken ones
    failed_in_row: int = 0
    broken: tuple[tuple[str | None, str | None], ...] = ()  # (prev_id, prev_at) of rows not yet reported
    passes: int = 1


@dataclass(frozen=True, slots=True)
class _Dated:
    row_id: str
    text: str  # as it came
    second: str  # the same in query form


@dataclass(frozen=True, slots=True)
class _Got:
    answer: Answer
    rows: list[object]
    total: int
    request: dict[str, str]
    dated: list[_Dated]  # the rows that have a date, in their order


class ListReader:
    """Reads one list of ShipStation over one window of time."""

    def __init__(self, transport: Transport, query: ListQuery, sizes: tuple[int, ...] = SIZES) -> None:
        self._transport = transport
        self._query = query
        self._sizes = sizes
        self._page_size = sizes[0]

    def read(self, start: datetime, end: datetime, resume: str | None = None) -> Iterator[Page[Any]]:
        """The pages of [start, end]; with `resume`, those after the page that carried it.

        Every row that lies in the window and is not changed meanwhile is on some page, perhaps on two. Raises
        ShipStationDown, ShipStationRefused or ShipStationGarbled; the pages before stay good, and can be resumed after.
        """
        place = self._resumed(resume) if resume is not None else None
        if place is None:
            place = self._begin(start, end)
        while place is not None:
            got, place_after = self._step(place)
            if got is not None:
                yield self._page(place, place_after, got)
            place = place_after

    def _begin(self, start: datetime, end: datetime) -> _Place:
        lo, hi = window(start, end)
        place = _Place(start=start.astimezone(UTC).isoformat(), end=end.astimezone(UTC).isoformat(), wall_end=hi, lo=lo)
        return place if self._query.walks else _numbered(place, hi, then=None)

    def _resumed(self, resume: str) -> _Place | None:
        try:
            state = json.loads(resume)
            if state.pop("feed") != self._query.feed:
                raise ValueError
            state["seen"] = tuple(state["seen"])
            state["broken"] = tuple((prev_id, prev_at) for prev_id, prev_at in state["broken"])
            return _Place(**state)
        except (ValueError, TypeError, KeyError, AttributeError):
            log.warning("The stored place in %s cannot be used: reading the window from its start.", self._query.feed)
            return None

    def _step(self, place: _Place) -> tuple[_Got | None, _Place | None]:
        """Ask for one page. Returns it, or None where it cannot be had, and where the reading stands then."""
        if not place.numbered:
            return self._walk(place)
        return self._read_numbered(place)

    # --- walking

    def _walk(self, place: _Place) -> tuple[_Got | None, _Place | None]:
        got = self._ask(place.lo, place.wall_end, 0, self._page_size)
        if isinstance(got, Trouble):
            return None, self._divide(place, got)
        place = _one_page_later(place, got)
        if _is_all(got, self._page_size):
            return got, None
        if not got.dated or not _is_sorted(got):
            return got, _numbered(place, place.wall_end, then=None)
        second = from_query_text(got.dated[-1].second)
        cursor = query_text(clear_before(second - SECOND))
        if cursor > place.wall_end:
            return got, None
        if cursor > place.lo:
            return got, replace(place, lo=cursor)
        return got, self._up_to(place, second)

    def _up_to(self, place: _Place, second: datetime) -> _Place:
        """Read by number from the cursor until just after `second`, then walk on.

        The part reaches a second further than where walking begins again, so that it does not matter whether a bound
        is inclusive.
        """
        then = clear_after(second + SECOND)
        hi = query_text(clear_after(then + SECOND))
        if hi >= place.wall_end:
            return _numbered(place, place.wall_end, then=None)
        return _numbered(place, hi, then=query_text(then))

    def _divide(self, place: _Place, trouble: Trouble) -> _Place:
        """A full page cannot be had: read its rows by number in smaller pages.

        The part ends at the row behind the page, if there is one: in a narrow window few rows can move meanwhile.
        """
        behind = self._behind(place.lo, place.wall_end, 0, trouble)
        if behind.dated:
            part = self._up_to(place, from_query_text(behind.dated[0].second))
        else:
            part = _numbered(place, place.wall_end, then=None)
        return replace(part, cap=self._sizes[1])

    # --- numbered pages

    def _read_numbered(self, place: _Place) -> tuple[_Got | None, _Place | None]:
        size = next(size for size in self._sizes if size <= place.cap and place.offset % size == 0)
        got = self._ask(place.lo, place.hi, place.offset, size)
        if isinstance(got, Trouble):
            return None, self._smaller(place, size, got)
        ids = {row_id(self._query.feed, row) for row in got.rows if row is not None}
        read = replace(
            _one_page_later(place, got),
            offset=place.offset + size,
            cap=self._page_size,
            total=got.total,
            seen=tuple(sorted(ids.union(place.seen))),
            unseen=place.unseen + _nulls(got, place.offset, size),
            failed_in_row=0,
            broken=(),
        )
        if place.total is not None and got.total != place.total:
            return got, self._again(replace(read, seen=()), f"total went from {place.total} to {got.total}")
        proven = len(read.seen) + read.unseen
        if got.rows and proven < got.total and read.offset < got.total:
            return got, read
        if proven < got.total:
            return got, self._again(read, f"{proven} different rows of {got.total}")
        return got, None if place.then is None else _walking(read, place.then)

    def _again(self, place: _Place, why: str) -> _Place:
        """Read the part once more. Rows that were seen while `total` stood still stay seen: rows of one instant may be
        ordered differently in every answer.
        """
        what = self._described(place)
        if place.passes >= MAX_PASSES:
            raise ShipStationGarbled(
                f"{what} could not be read whole in {MAX_PASSES} passes ({why}). Nothing of it is taken for complete."
            )
        log.warning("%s changed while it was read (%s): reading it again.", what, why)
        fresh = _numbered(place, place.hi, place.then)
        return replace(fresh, passes=place.passes + 1, total=place.total, seen=place.seen)

    def _smaller(self, place: _Place, size: int, trouble: Trouble) -> _Place:
        if size == self._page_size:
            self._behind(place.lo, place.hi, place.offset, trouble)
        if size > 1:
            return replace(place, cap=self._sizes[self._sizes.index(size) + 1])
        return self._pass_over(place, trouble)

    def _pass_over(self, place: _Place, trouble: Trouble) -> _Place:
        """One row that always fails: note it and go on behind it, unless it looks like an outage."""
        failed_in_row = place.failed_in_row + 1
        if failed_in_row % SUSPICIOUS == 0:
            self._suspect_outage(place, trouble)
        if len(place.broken) + 1 > MAX_POISON:
            raise ShipStationDown(f"{self._described(place)}: more than {MAX_POISON} rows in a row cannot be read.")
        log.warning("%s: row %d always fails; going on behind it.", self._described(place), place.offset + 1)
        return replace(
            place,
            offset=place.offset + 1,
            cap=self._page_size,
            unseen=place.unseen + 1,
            failed_in_row=failed_in_row,
            broken=(*place.broken, (place.prev_id, place.prev_at)),
        )

    def _suspect_outage(self, place: _Place, trouble: Trouble) -> None:
        """Raise when a page behind the end fails too, or when no row at all can be had in this pass."""
        beyond = self._ask(place.lo, place.hi, _FAR, 1, tries=_PROBE_TRIES)
        if isinstance(beyond, Trouble):
            raise beyond.error
        if not place.seen and isinstance(self._ask(place.lo, place.hi, beyond.total - 1, 1), Trouble):
            raise trouble.error

    def _behind(self, lo: str, hi: str, offset: int, trouble: Trouble) -> _Got:
        """The row behind a full page that fails, or an empty list. Raises when nothing answers: an outage."""
        for further in (self._page_size, self._page_size + 1):
            got = self._ask(lo, hi, offset + further, 1, tries=_PROBE_TRIES)
            if isinstance(got, _Got):
                return got
        raise trouble.error

    # --- one request

    def _ask(self, lo: str, hi: str, offset: int, size: int, *, tries: int | None = None) -> _Got | Trouble:
        """One page. A Trouble is returned only for a 5xx, which may be one row's fault; all else is raised."""
        query = self._query
        request = dict(query.fixed)
        if query.start_name is not None and query.end_name is not None:
            request[query.start_name] = lo
            request[query.end_name] = hi
        page_no = offset // size + 1
        request["page"] = str(page_no)
        request["pageSize"] = str(size)

        def check(data: Any) -> None:
            rows, total = envelope(query.feed, data)
            if page_no == 1 and not rows and total:
                raise ShipStationGarbled(f"It is empty but says that there are {total} rows.")

        outcome = self._transport.get(query.feed, query.path, request, tries=tries or _TRIES.get(size), check=check)
        if isinstance(outcome, Answer):
            rows, total = envelope(query.feed, outcome.data)
            return _Got(outcome, rows, total, request, self._dated(rows))
        if outcome.server_error:
            return outcome
        raise outcome.error

    def _page(self, place: _Place, place_after: _Place | None, got: _Got) -> Page[Any]:
        feed = self._query.feed
        poison = [
            self._poison(place, got, prev_id, prev_at, number) for number, (prev_id, prev_at) in enumerate(place.broken)
        ]
        rows, bad = read_rows(feed, got.rows, got.answer.answered_at)
        resume = None if place_after is None else json.dumps({"feed": feed, **asdict(place_after)})
        return Page(
            feed=feed,
            page_no=place.page_no + 1,
            request=got.request,
            body=got.answer.body,
            answered_at=got.answer.answered_at,
            rows=rows,
            bad=bad,
            poison=poison,
            resume=resume,
        )

    def _poison(self, place: _Place, got: _Got, prev_id: str | None, prev_at: str | None, number: int) -> PoisonRow:
        """The place of a broken row: behind the row `prev_id`, before the first row of `got`."""
        feed = self._query.feed
        after, before = datetime.fromisoformat(place.start), datetime.fromisoformat(place.end)
        following = got.dated[0] if got.dated else None
        if self._query.walks:  # otherwise the list's order says nothing about the window's date
            after = after if prev_at is None else datetime.fromisoformat(prev_at)
            before = before if following is None else to_instant(following.text, got.answer.answered_at)
        if prev_id is not None:
            neighbour = f"after-{prev_id}"
        elif following is not None:
            neighbour = f"before-{following.row_id}"
        else:
            neighbour = f"from-{place.start}"
        return PoisonRow(
            feed=feed,
            entity_id=f"{neighbour}-{number + 1}",
            after=min(after, before),
            before=max(after, before),
            reason=f"ShipStation fails whenever its list of {SHAPES[feed].rows} includes this row.",
        )

    def _dated(self, rows: list[object]) -> list[_Dated]:
        dated = []
        for row in rows:
            text = row.get(self._query.date_name) if isinstance(row, dict) else None
            if isinstance(text, str):
                try:
                    dated.append(_Dated(row_id(self._query.feed, row), text, wall_second(text)))
                except ValueError:
                    continue  # becomes a BadRow
        return dated

    def _described(self, place: _Place) -> str:
        where = f" from {place.lo} to {place.hi} Pacific" if self._query.start_name is not None else ""
        return f"The list of {self._query.feed}{where}"


def _is_all(got: _Got, page_size: int) -> bool:
    """Whether a page that begins at the cursor reaches the end of the window. A short page alone does not mean that."""
    if len(got.rows) < page_size:
        return got.total <= len(got.rows)
    return got.total == page_size


def _nulls(got: _Got, offset: int, size: int) -> int:
    """How many null elements of a page stand for rows that `total` counts; one too many stands for nothing."""
    nulls = sum(1 for row in got.rows if row is None)
    expected = min(size, got.total - offset)
    return max(0, min(nulls, expected - (len(got.rows) - nulls)))


def _is_sorted(got: _Got) -> bool:
    """Whether the rows stand in the order asked for. Within the repeated hour any order is right."""
    for one, other in zip(got.dated, got.dated[1:], strict=False):
        if other.second < one.second:
            both = (from_query_text(one.second), from_query_text(other.second))
            if not all(is_repeated_or_missing(wall) for wall in both):
                return False
    return True


def _one_page_later(place: _Place, got: _Got) -> _Place:
    place = replace(place, page_no=place.page_no + 1)
    if not got.dated:
        return place
    last = got.dated[-1]
    return replace(place, prev_id=last.row_id, prev_at=to_instant(last.text, got.answer.answered_at).isoformat())


def _walking(place: _Place, lo: str) -> _Place:
    return _Place(
        start=place.start,
        end=place.end,
        wall_end=place.wall_end,
        lo=lo,
        page_no=place.page_no,
        prev_id=place.prev_id,
        prev_at=place.prev_at,
    )


def _numbered(place: _Place, hi: str, then: str | None) -> _Place:
    return replace(_walking(place, place.lo), numbered=True, hi=hi, then=then)
