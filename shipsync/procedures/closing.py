"""What the closings of days, weeks and months have in common (DESIGN D15)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, datetime

from shipsync.errors import NotClosed
from shipsync.procedures.work import Work
from shipsync.rules.deployment import UNIFIED
from shipsync.rules.periods import business_date, day_closes, day_words
from shipsync.rules.workflows import title
from shipsync.store import closings, deployment
from shipsync.store.closings import Closing, Kind
from shipsync.store.jobs import Job


def asked_date(work: Work, begins: Callable[[date], date] = lambda day: day) -> date:
    """The date the job was asked for; without one today, as it was when the job first began.

    Raises NotClosed where the period that it lies in has not begun; `begins` tells when it does.
    """
    begun = closings.closing_of(work.db.read(), work.job_id)
    today = business_date(begun.begun_at if begun is not None else work.now(), work.settings.zone)
    text = work.arguments.get("date")
    if text is None:
        return today
    day = date.fromisoformat(str(text))
    first = begins(day)
    if first > today:
        raise NotClosed(f"{day_words(first)} has not come yet, so it cannot be closed.")
    return day


def begun(work: Work, kind: Kind, start: date, end: date) -> Closing:
    """This job's closing, made when it first asks."""
    with work.db.transaction() as con:
        work.lease.check(con)
        return closings.begin(con, kind, start, end, work.job_id, work.requested_by, work.now())


def this_closing(work: Work) -> Closing:
    """This job's closing. Its first step has made it."""
    found = closings.closing_of(work.db.read(), work.job_id)
    if found is None:
        raise LookupError(f"job {work.job_id} has begun no closing")
    return found


def standing_at(work: Work) -> datetime:
    """The instant this closing's figures stand at."""
    found = this_closing(work).as_of
    if found is None:
        raise LookupError(f"the closing of job {work.job_id} stands at no instant yet")
    return found


def have_succeeded(work: Work, kind: str, arguments: Mapping[str, object]) -> Job:
    """Have another job done first. Raises NotClosed, saying why, unless it succeeds."""
    job = work.have_done(kind, arguments)
    if job.result is not None and job.result.get("disabled"):
        raise NotClosed(f"{title(kind)} is switched off, and this rests on it. Switch it on under Sync, and try again.")
    if job.status != "succeeded":
        raise NotClosed(f"{title(kind)} did not succeed, and this rests on it: {job.error or job.status}")
    return job


def have_synced(work: Work, *, everything: bool = False) -> list[Job]:
    """Have ShipStation's news brought into production first, by whoever writes it. Raises as `have_succeeded`.

    With `everything` all lists are asked, also those whose turn it is not; the legacy workflows always do that.
    """
    arguments = {"everything": True} if everything else {}
    return [
        have_succeeded(work, sync, arguments if sync == UNIFIED else {})
        for sync in deployment.production_syncs(work.db.read())
    ]


def read_through(work: Work) -> datetime:
    """Up to which instant the sync has read everything."""
    mark = deployment.production_mark(work.db.read())
    if mark.complete_through is None:
        raise NotClosed("Nothing has been read from ShipStation yet. Sync first.")
    return mark.complete_through


def known_through(work: Work, day: date) -> datetime:
    """Up to which instant a day is known: how far the sync has read it whole, at most its end."""
    return min(read_through(work), day_closes(day, work.settings.zone))
