"""Reads ShipStation's lists for a run: every page is committed as it comes, and goes on where a killed run stopped."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shipsync.doors.shipstation import Page, read_page
from shipsync.procedures.work import Work
from shipsync.rules.shipstation import BadRow, Feed, PoisonRow
from shipsync.rules.watermark import Window
from shipsync.store import readings as store
from shipsync.store.readings import Reading, StoredPage

# Decoded pages kept from fetching to applying, so that a usual run decodes once. Beyond them (a first load of
# hundreds of thousands of orders) pages are decoded again from the store, and memory stays bounded.
KEPT_PAGES = 6


@dataclass(frozen=True)
class Decoded:
    """One page as records."""

    reading_id: str
    page_no: int
    feed: Feed
    answered_at: datetime  # the server's own clock, which dates of the repeated autumn hour are read by
    rows: Sequence[Any]
    bad: Sequence[BadRow]
    poison: Sequence[PoisonRow]


@dataclass
class Reader:
    """The lists a run reads. One for a run; its decoded pages live as long as it."""

    work: Work
    _kept: dict[tuple[str, int], Decoded] = field(default_factory=dict)
    _begun: int = 0
    _unapplied: list[Reading] | None = None  # None: something was read since

    def unapplied(self) -> list[Reading]:
        """The readings of this workflow that wait to be applied, finished or not, oldest first."""
        if self._unapplied is None:
            self._unapplied = store.unapplied_readings(self.work.db.read(), self.work.lease.workflow)
        return self._unapplied

    def finish(self, reading: Reading) -> int:
        """Go on with a reading that was cut short. Returns how many pages came."""
        if reading.is_fetched or reading.window_start is None or reading.window_end is None:
            return 0
        pages = self._ask(reading.feed, Window(reading.window_start, reading.window_end), reading.resume)
        return self._keep(reading.reading_id, reading.feed, pages, first_page_no=reading.pages + 1)

    def read(self, feed: Feed, window: Window) -> str:
        """Read a list over a closed window. Returns the reading's id."""
        pages = self._ask(feed, window, None)
        return self._begin(feed, pages, (window.start, window.end))

    def look_up(self, feed: Feed, pages: Iterator[Page[Any]]) -> str:
        """Keep pages of another question (one order's parcels, a poison place) like any other reading."""
        return self._begin(feed, pages, None)

    def ask_again(self, feed: Feed, place: Window) -> str:
        """Read the place of a broken row again, a second wider; it moves no mark. Returns the reading's id."""
        second = timedelta(seconds=1)
        return self.look_up(feed, self._ask(feed, Window(place.start - second, place.end + second), None))

    def decoded(self, reading_ids: Sequence[str]) -> Iterator[Decoded]:
        """The pages of these readings as records, in the order they came. They are of the unapplied ones."""
        wanted = set(reading_ids)
        for reading in self.unapplied():
            for page_no in range(1, reading.pages + 1) if reading.reading_id in wanted else ():
                kept = self._kept.get((reading.reading_id, page_no))
                yield kept or decode(store.page(self.work.db.read(), reading.reading_id, page_no))

    def _ask(self, feed: Feed, window: Window, resume: str | None) -> Iterator[Page[Any]]:
        lists: dict[Feed, Callable[..., Iterator[Page[Any]]]] = {
            "orders": self.work.shipstation.orders_modified,
            "shipments": self.work.shipstation.shipments_created,
            "voids": self.work.shipstation.shipments_voided,
            "fulfillments": self.work.shipstation.fulfillments_created,
        }
        return lists[feed](window.start, window.end, resume=resume)

    def _begin(self, feed: Feed, pages: Iterator[Page[Any]], window: tuple[datetime, datetime] | None) -> str:
        self._begun += 1
        reading_id = f"{self.work.run_id}.{self._begun:03d}.{feed}"
        self._keep(reading_id, feed, pages, first_page_no=1, window=window)
        return reading_id

    def _keep(
        self,
        reading_id: str,
        feed: Feed,
        pages: Iterator[Page[Any]],
        *,
        first_page_no: int,
        window: tuple[datetime, datetime] | None = None,
    ) -> int:
        """Commit each page as it comes; the reading is opened with its first and closed with its last."""
        work = self.work
        page_no = first_page_no - 1
        for page in pages:
            page_no += 1
            self._unapplied = None
            with work.db.transaction() as con:
                work.lease.check(con)
                is_last = page.resume is None
                if page_no == 1:
                    store.open_reading(
                        con,
                        reading_id,
                        work.lease.workflow,
                        feed,
                        window,
                        work.run_id,
                        work.now(),
                        is_fetched=is_last,
                    )
                store.add_page(
                    con,
                    reading_id,
                    page_no,
                    feed=feed,
                    request=json.dumps(page.request, sort_keys=True, default=str),
                    answered_at=page.answered_at,
                    row_count=len(page.rows) + len(page.bad),
                    body=page.body,
                    poison=_poison_text(page.poison),
                    resume=page.resume,
                    run_id=work.run_id,
                )
                if is_last and page_no > 1:
                    store.reading_is_fetched(con, reading_id, work.now())
            if len(self._kept) < KEPT_PAGES:
                self._kept[reading_id, page_no] = Decoded(
                    reading_id, page_no, feed, page.answered_at, page.rows, page.bad, page.poison
                )
            if not is_last:
                work.progress(page_no, None, f"{feed}: page {page_no}")
                work.check_cancel()
        return page_no - first_page_no + 1


def decode(page: StoredPage) -> Decoded:
    """A stored page as records: the same the door gave when it came."""
    rows, bad = read_page(page.feed, page.body, page.answered_at)
    return Decoded(page.reading_id, page.page_no, page.feed, page.answered_at, rows, bad, _poison_rows(page.poison))


def _poison_text(poison: Sequence[PoisonRow]) -> str | None:
    return json.dumps([asdict(row) for row in poison], default=datetime.isoformat) if poison else None


def _poison_rows(text: str | None) -> list[PoisonRow]:
    return [
        PoisonRow(
            feed=row["feed"],
            entity_id=row["entity_id"],
            after=datetime.fromisoformat(row["after"]),
            before=datetime.fromisoformat(row["before"]),
            reason=row["reason"],
        )
        for row in json.loads(text or "[]")
    ]


def reader_of(work: Work) -> Reader:
    """The run's reader; a retry that starts at a later step makes a new one and reads what is stored."""
    reader = work.memory.get("reader")
    if not isinstance(reader, Reader):
        reader = work.memory["reader"] = Reader(work)
    return reader
