"""What is watched, and what needs a person: a fixed list of alerts, each with a state at every moment.

    normal        all is well
    pending       true, but not for long enough: it may mend itself
    firing        a person has to do something; one mail is sent when it begins
    cannot tell   the question could not be answered, which is as bad as a bad answer and fires too

An alert's sentence tells state, cause and next step (UX.md), and where that step is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Literal

from shipsync.rules.deployment import UNIFIED
from shipsync.rules.freshness import AHEAD, GRACE, REFUSED_CREDENTIALS, in_words
from shipsync.rules.lateness import CutOff
from shipsync.rules.months import (
    ASKS_THROUGH_DAY,
    month_before,
    month_name,
    month_words,
    must_say_which,
)
from shipsync.rules.periods import business_date, day_ends, day_words
from shipsync.rules.workflows import title

# The plan's own limits: alert when the mark has not moved for two hours, warn when a sync takes over a minute.
STALE_AFTER = timedelta(hours=2)
SLOW_AFTER = timedelta(seconds=60)
HELD_TOO_LONG = timedelta(hours=24)

# A sync still under way is not called slow by its end but by this.
SLOW_FOR_GOOD = timedelta(minutes=10)
# After a start everything that is overdue is done first, so its age says nothing yet.
STARTING = timedelta(minutes=10)
# A new installation may take this long for its first sync; the first one reads 30 days.
FIRST_READING = timedelta(minutes=15)
# A workflow that comes again in minutes may mend itself; a nightly one has to wait for a day.
FAILING_FOR = timedelta(minutes=10)
UPLOADS_WAIT = timedelta(minutes=15)
# The warehouse ends around the cut-off, never exactly at it.
CUT_OFF_GRACE = timedelta(hours=1)
BACKUP_TOO_OLD = timedelta(days=2)
REFUSAL_TOLD_FOR = timedelta(days=1)
ROOM_WANTED = 1.5  # times the room that is needed to write safely

BACKUP = "backup"

Level = Literal["warn", "bad"]
State = Literal["normal", "pending", "firing", "cannot tell"]


@dataclass(frozen=True, slots=True)
class Place:
    """Where the next step is taken: a page and what it is to show."""

    page: str  # as in its address: 'sync'
    label: str  # what is done there
    query: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """Open quarantine entries of one reason."""

    reason: str
    count: int
    oldest_at: datetime
    example: str  # the sentence of one of them


@dataclass(frozen=True, slots=True)
class UnknownSku:
    """A SKU of the shop that is neither a product nor a bundle, so its orders are held."""

    sku: str
    orders: int
    oldest_at: datetime


@dataclass(frozen=True, slots=True)
class ShortSku:
    """A product whose stock is critical."""

    sku: str
    reason: str  # a sentence


@dataclass(frozen=True, slots=True)
class Late:
    """Orders that wait past their cut-off."""

    count: int
    oldest_at: datetime | None  # when the oldest came in; None without any
    oldest_number: str | None
    oldest_key: str | None


@dataclass(frozen=True, slots=True)
class MailTrouble:
    """Mails that did not go out, or of which nobody knows."""

    failed: int
    unknown: int
    oldest_at: datetime | None
    example: str | None  # subject and reason of the oldest


@dataclass(frozen=True, slots=True)
class Machine:
    """How this process and its disk are. Asked apart from the database, which may be what is broken."""

    started_at: datetime
    is_working: bool  # worker and schedule are alive
    free_bytes: int | None  # None: the database is not on a disk
    needed_bytes: int | None  # to write safely
    disk_error: str | None = None  # why nobody can tell how much room there is
    findings: tuple[str, ...] = ()  # of the self-check at start
    notices: tuple[str, ...] = ()  # of the store: what it found and did at opening, and since


@dataclass(frozen=True, slots=True)
class Facts:
    """What alerts are told from. Instants UTC."""

    complete_through: datetime | None
    is_sync_enabled: bool
    last_sync_took: timedelta | None
    last_failures: Mapping[str, str]  # workflow -> the error of its newest run, where that failed
    held: Sequence[Held]
    waiting_uploads: int
    is_upload_enabled: bool
    sync_interval: timedelta | None = None  # None: the sync comes only when asked
    sync_running_since: datetime | None = None
    made_at: datetime | None = None  # when this database was made
    failing_since: Mapping[str, datetime] = field(default_factory=dict)  # the first failure after the last success
    intervals: Mapping[str, int | None] = field(default_factory=dict)  # minutes; None: nightly
    oldest_upload_at: datetime | None = None
    unknown_skus: Sequence[UnknownSku] = ()
    last_backup_at: datetime | None = None  # the newest verified one
    is_backup_enabled: bool = True
    mail: MailTrouble = field(default_factory=lambda: MailTrouble(0, 0, None, None))
    short_skus: Sequence[ShortSku] = ()  # critical ones, the shortest first
    last_closed_on: date | None = None  # the newest day that was closed; None: none ever was
    last_closed_month: date | None = None  # the first day of the newest month that was closed
    cut_off: CutOff | None = None  # None: nobody asked for late orders
    late: Late | None = None
    machine: Machine | None = None  # None: nobody asked, as on the command line
    syncs: Sequence[str] = (UNIFIED,)  # the workflows that bring ShipStation's news into production
    refused_cut_over: tuple[datetime, str] | None = None  # when the switches asked for one in vain, and why in vain
    unread: Mapping[str, str] = field(default_factory=dict)  # question -> why it could not be answered


@dataclass(frozen=True, slots=True)
class Alert:
    """One sentence that needs a person, or soon may: state, cause, next step."""

    level: Level
    text: str
    key: str = ""
    state: State = "firing"
    since: datetime | None = None  # since when it is true; None where that cannot be told
    place: Place = Place("sync", "Sync")

    @property
    def fires(self) -> bool:
        """Whether a person has to do something now."""
        return self.state in ("firing", "cannot tell")


@dataclass(frozen=True, slots=True)
class _Found:
    """What is not as it should be."""

    level: Level
    text: str
    since: datetime | None = None
    for_at_least: timedelta = timedelta(0)  # it fires once it was true for so long
    cannot_tell: bool = False
    place: Place | None = None  # where it is not the rule's own


_Look = Callable[[Facts, datetime], "_Found | None"]


@dataclass(frozen=True, slots=True)
class _Watched:
    """One alert of the list."""

    key: str
    what: str  # ends the sentence "It cannot be told ..."
    questions: tuple[str, ...]  # of the facts; one that was not answered leaves it untold
    look: _Look
    place: Place


def alerts(facts: Facts, now: datetime) -> list[Alert]:
    """Every alert that is not normal at this moment, worst first; the pending ones come last."""
    found = [alert for watched in WATCHED if (alert := _judged(watched, facts, now)) is not None]
    return sorted(found, key=lambda one: (not one.fires, one.level != "bad"))


def _judged(watched: _Watched, facts: Facts, now: datetime) -> Alert | None:
    unread = [facts.unread[question] for question in watched.questions if question in facts.unread]
    if unread:
        text = f"It cannot be told {watched.what}: {unread[0]}"
        return Alert("warn", text, watched.key, "cannot tell", None, watched.place)
    found = watched.look(facts, now)
    if found is None:
        return None
    state: State = "firing"
    if found.since is not None and now - found.since < found.for_at_least:
        state = "pending"
    elif found.cannot_tell:
        state = "cannot tell"
    level = "warn" if state == "pending" else found.level
    return Alert(level, found.text, watched.key, state, found.since, found.place or watched.place)


def _since_start(since: datetime | None, facts: Facts) -> datetime | None:
    """Since when it counts: what passed while shipsync did not run is made good first."""
    started = facts.machine.started_at if facts.machine is not None else None
    return max(since, started) if since is not None and started is not None else since


def sync_error(facts: Facts) -> str | None:
    """Why the newest run of a sync that writes production failed, where it did."""
    return next((facts.last_failures[one] for one in facts.syncs if one in facts.last_failures), None)


# The order loop


def _worker_ended(facts: Facts, now: datetime) -> _Found | None:
    if facts.machine is None or facts.machine.is_working:
        return None
    return _Found("bad", "Nothing runs in the background any more: the worker has ended. Restart shipsync.")


def _sync_is_off(facts: Facts, now: datetime) -> _Found | None:
    if facts.is_sync_enabled:
        return None
    return _Found("bad", "The sync is switched off, so nothing new comes in. Switch it on under Sync.")


def _stale(facts: Facts, now: datetime) -> _Found | None:
    if not facts.is_sync_enabled:
        return None  # told by its own alert
    through = facts.complete_through
    if through is None:
        text = "Nothing has been read from ShipStation yet. The first sync reads 30 days back; see Sync."
        return _Found("warn", text, facts.made_at, FIRST_READING, cannot_tell=True)
    if through > now + AHEAD:
        text = "The mark of the sync lies in the future. Check this machine's clock."
        return _Found("warn", text, cannot_tell=True)
    behind = now - through
    promised = (facts.sync_interval or STALE_AFTER) * 2 + GRACE
    if behind <= min(promised, STALE_AFTER):
        return None
    error = sync_error(facts)
    cause = f"The last sync failed: {error}" if error else "No sync has ended since."
    text = f"Orders are complete only up to {in_words(behind)} ago. {cause} See its runs under Sync."
    # Until two hours are over it is late, which the line on top of each page says.
    waits = STALE_AFTER
    if facts.machine is not None and behind >= STALE_AFTER and now - facts.machine.started_at < STARTING:
        through, waits = facts.machine.started_at, STARTING
    return _Found("bad", text, through, waits)


def _slow(facts: Facts, now: datetime) -> _Found | None:
    if facts.sync_running_since is not None and now - facts.sync_running_since > SLOW_AFTER:
        text = f"The sync has been running for {in_words(now - facts.sync_running_since)}. See its steps under Sync."
        return _Found("warn", text, facts.sync_running_since, SLOW_FOR_GOOD)
    took = facts.last_sync_took
    if took is None or took <= SLOW_AFTER:
        return None
    text = f"The last sync took {took.total_seconds():.0f} s, more than {SLOW_AFTER.total_seconds():.0f} s."
    return _Found("warn", f"{text} See its steps under Sync.")


def _credentials(facts: Facts, now: datetime) -> _Found | None:
    # Missing ones need no alert: the database of a real account is not opened without them.
    refused = [name for name, error in sorted(facts.last_failures.items()) if REFUSED_CREDENTIALS in error]
    if not refused:
        return None
    since = min((facts.failing_since[name] for name in refused if name in facts.failing_since), default=None)
    still = f"{' and '.join(title(name) for name in refused)} {'stands' if len(refused) == 1 else 'stand'} still"
    text = (
        f"ShipStation refuses the key, so {still}. Check SHIPSYNC_SHIPSTATION_KEY and its secret, and restart shipsync."
    )
    return _Found("bad", text, since)


def _run_failed(facts: Facts, now: datetime) -> _Found | None:
    errors = {
        name: error
        for name, error in sorted(facts.last_failures.items())
        if name != BACKUP and REFUSED_CREDENTIALS not in error
    }
    if not errors:
        return None
    # The one that has failed for longest speaks for all.
    first = min(errors, key=lambda name: (facts.failing_since.get(name, now), name))
    others = f" So did {', '.join(title(name) for name in errors if name != first)}." if len(errors) > 1 else ""
    nightly = any(facts.intervals.get(name) is None for name in errors)
    text = f"{title(first)} failed: {errors[first]}{others} Try it again under Jobs."
    since = facts.failing_since.get(first)
    return _Found("bad", text, since, timedelta(0) if nightly else FAILING_FOR, place=Place("jobs", "Jobs"))


def _refused_cut_over(facts: Facts, now: datetime) -> _Found | None:
    """For a day: by then somebody has seen that the switches stand as before."""
    if facts.refused_cut_over is None or now - facts.refused_cut_over[0] > REFUSAL_TOLD_FOR:
        return None
    at, why = facts.refused_cut_over
    asked = f"The switches asked for the cut-over {in_words(now - at)} ago"
    text = f"{asked}, and it was not made: {why} They were set back."
    return _Found("bad", text, at)


def _uploads_wait(facts: Facts, now: datetime) -> _Found | None:
    if not facts.waiting_uploads or facts.is_upload_enabled:
        return None
    text = (
        f"{_count(facts.waiting_uploads, 'shop order')} {_do(facts.waiting_uploads)} not go up to ShipStation: "
        "uploading is switched off. Switch it on under Sync."
    )
    return _Found("warn", text, facts.oldest_upload_at, UPLOADS_WAIT)


# Records


def _held(facts: Facts, now: datetime) -> _Found | None:
    if not facts.held:
        return None
    oldest = min(facts.held, key=lambda one: one.oldest_at)
    count = sum(one.count for one in facts.held)
    text = (
        f"{_count(count, 'record')} {'needs' if count == 1 else 'need'} a person, the oldest for "
        f"{in_words(now - oldest.oldest_at)}: {oldest.example}"
    )
    return _Found("bad", text, oldest.oldest_at, HELD_TOO_LONG, place=QUARANTINE)


def _unknown_skus(facts: Facts, now: datetime) -> _Found | None:
    if not facts.unknown_skus:
        return None
    skus = facts.unknown_skus
    named = ", ".join(one.sku for one in skus[:3]) + (" ..." if len(skus) > 3 else "")
    text = (
        f"Orders are held back: nobody has said what {named} {'is' if len(skus) == 1 else 'are'}. Add the product or "
        "the bundle under Imports; the orders are then taken by themselves."
    )
    return _Found("warn", text, min(one.oldest_at for one in skus))


def _late(facts: Facts, now: datetime) -> _Found | None:
    late = facts.late
    if late is None or facts.cut_off is None or late.count == 0 or late.oldest_at is None:
        return None
    due = facts.cut_off.due(late.oldest_at)
    age = in_words(now - late.oldest_at)
    text = f"Order {late.oldest_number} still waits past the cut-off of {facts.cut_off.words}, for {age}."
    if late.count > 1:
        text = (
            f"{late.count:,} orders still wait past the cut-off of {facts.cut_off.words}, the oldest "
            f"({late.oldest_number}) for {age}."
        )
    text = f"{text} Ship {'it, or put it' if late.count == 1 else 'them, or put them'} on hold."
    label = "Open it" if late.count == 1 else "Open the oldest"
    place = Place("order", label, (("order", late.oldest_key or ""),))
    return _Found("bad", text, due, CUT_OFF_GRACE, place=place)


# Stock and closings


def _short(facts: Facts, now: datetime) -> _Found | None:
    if not facts.short_skus:
        return None
    first, *rest = facts.short_skus
    if not rest:
        return _Found("warn", f"Stock of {first.sku} is critical. {first.reason}")
    named = ", ".join(one.sku for one in facts.short_skus[:3]) + (" ..." if len(facts.short_skus) > 3 else "")
    return _Found("warn", f"Stock of {len(facts.short_skus)} SKUs is critical: {named}. {first.sku}: {first.reason}")


def _not_closed(facts: Facts, now: datetime) -> _Found | None:
    """Only where days are closed at all: a warehouse that never did it is not reminded each day."""
    if facts.cut_off is None or facts.last_closed_on is None:
        return None
    day = business_date(now, facts.cut_off.zone) - timedelta(days=1)
    while not facts.cut_off.calendar.is_working(day) and day > facts.last_closed_on:
        day -= timedelta(days=1)
    if day <= facts.last_closed_on:
        return None
    text = f"{day_words(day)} was not closed, so its stock was not held against anything. Close it."
    return _Found("warn", text, day_ends(day, facts.cut_off.zone))


def _month_not_closed(facts: Facts, now: datetime) -> _Found | None:
    """Only where months are closed at all, and once a press need not say any more which month it means."""
    if facts.cut_off is None or facts.last_closed_month is None:
        return None
    today = business_date(now, facts.cut_off.zone)
    month = month_before(today)
    if must_say_which(today) or month <= facts.last_closed_month:
        return None
    text = f"{month_words(month)} was not closed, so nobody was billed for it. Close it."
    since = day_ends(today.replace(day=ASKS_THROUGH_DAY), facts.cut_off.zone)
    return _Found("warn", text, since, place=Place("end_of_month", "Close it", (("month", month_name(month)),)))


# The house


def _database(facts: Facts, now: datetime) -> _Found | None:
    machine = facts.machine
    if machine is None:
        return None
    if machine.findings:
        more = f" (and {len(machine.findings) - 1} more)" if len(machine.findings) > 1 else ""
        return _Found("bad", f"The database does not add up: {machine.findings[0]}{more}", machine.started_at)
    if machine.disk_error is not None:
        text = f"It cannot be told how much room the disk has: {machine.disk_error}. Look at the computer of shipsync."
        return _Found("bad", text, cannot_tell=True)
    if machine.free_bytes is not None and machine.needed_bytes is not None:
        free, needed = f"{machine.free_bytes / 1e6:,.0f} MB", f"{machine.needed_bytes / 1e6:,.0f} MB"
        if machine.free_bytes < machine.needed_bytes:
            text = f"Nothing is written any more: {free} are free on the disk and {needed} are needed. Free some space."
            return _Found("bad", text)
        if machine.free_bytes < machine.needed_bytes * ROOM_WANTED:
            text = f"The disk is nearly full: {free} are free; below {needed} nothing is written. Free some space."
            return _Found("warn", text)
    if machine.notices:
        more = f" (and {len(machine.notices) - 1} more)" if len(machine.notices) > 1 else ""
        return _Found("warn", f"{machine.notices[-1]}{more}", machine.started_at)
    return None


def _backup(facts: Facts, now: datetime) -> _Found | None:
    error = facts.last_failures.get(BACKUP)
    if error is not None:
        text = f"The last backup failed: {error} Try it again under Jobs."
        return _Found("bad", text, facts.failing_since.get(BACKUP))
    if not facts.is_backup_enabled:
        text = "No backups are made: they are switched off. Switch backup on under Sync."
        return _Found("warn", text, place=SYNC_PAGE)
    if facts.last_backup_at is None:
        text = "There is no verified backup yet. Start one under Jobs."
        since, waits = facts.made_at, BACKUP_TOO_OLD
    elif now - facts.last_backup_at > BACKUP_TOO_OLD:
        text = f"The last verified backup is {in_words(now - facts.last_backup_at)} old. Start one under Jobs."
        since, waits = facts.last_backup_at, BACKUP_TOO_OLD
    else:
        return None
    started = _since_start(since, facts)
    if since is not None and now - since >= waits and started is not None and now - started < STARTING:
        since, waits = started, STARTING
    return _Found("bad", text, since, waits)


def _mail(facts: Facts, now: datetime) -> _Found | None:
    trouble = facts.mail
    if not trouble.failed and not trouble.unknown:
        return None
    said = [f"{_count(trouble.failed, 'mail')} could not be sent"] if trouble.failed else []
    if trouble.unknown:
        said.append(f"of {_count(trouble.unknown, 'mail')} nobody knows whether it arrived")
    text = f"{', and '.join(said)}: {trouble.example} Decide about it at the end of Today."
    return _Found("warn", text[0].upper() + text[1:], trouble.oldest_at)


SYNC_PAGE, JOBS_PAGE, TODAY = Place("sync", "Sync"), Place("jobs", "Jobs"), Place("today", "Today")
QUARANTINE = Place("sync", "Look at it")
IMPORTS = Place("imports", "Imports")
END_OF_DAY = Place("end_of_day", "Close it")

WATCHED: tuple[_Watched, ...] = (
    _Watched("worker", "whether the worker runs", (), _worker_ended, JOBS_PAGE),
    _Watched("credentials", "whether ShipStation takes the key", ("runs",), _credentials, SYNC_PAGE),
    _Watched("sync-off", "whether the sync is on", ("workflows",), _sync_is_off, SYNC_PAGE),
    _Watched("stale", "how far orders are complete", ("mark", "workflows"), _stale, SYNC_PAGE),
    _Watched("slow", "how long a sync takes", ("runs",), _slow, SYNC_PAGE),
    _Watched("run-failed", "whether the last runs failed", ("runs", "workflows"), _run_failed, JOBS_PAGE),
    _Watched("uploads", "whether shop orders wait", ("uploads", "workflows"), _uploads_wait, SYNC_PAGE),
    _Watched("quarantine", "whether records need a person", ("quarantine",), _held, QUARANTINE),
    _Watched("unknown-sku", "whether a bundle is unknown", ("unknown SKUs",), _unknown_skus, IMPORTS),
    _Watched("late", "which orders are late", ("late",), _late, TODAY),
    _Watched("stock", "which stock is critical", ("stock",), _short, Place("inventory", "Inventory")),
    _Watched(
        "not-closed", "which days were closed", ("closings", "late"), _not_closed, Place("end_of_day", "Close it")
    ),
    _Watched(
        "month-not-closed",
        "which months were closed",
        ("closings", "late"),
        _month_not_closed,
        Place("end_of_month", "Close it"),
    ),
    _Watched("database", "how the database is", (), _database, Place("settings", "Settings")),
    _Watched("backup", "whether there is a backup", ("backups", "workflows"), _backup, JOBS_PAGE),
    _Watched("mail", "whether mails go out", ("mails",), _mail, TODAY),
    _Watched("cut-over", "whether a cut-over was refused", ("workflows",), _refused_cut_over, SYNC_PAGE),
)
KEYS = tuple(one.key for one in WATCHED)


# What changes from one moment to the next


@dataclass(frozen=True, slots=True)
class Kept:
    """An alert as it was told the last time."""

    key: str
    state: State
    began_at: datetime  # since when it is true


@dataclass(frozen=True, slots=True)
class Change:
    """An alert whose state is another than before."""

    alert: Alert  # as it is now; for one that has ended, as normal
    before: State
    began_at: datetime

    @property
    def begins_to_fire(self) -> bool:
        """Whether a mail is due: it fires and did not before."""
        return self.alert.fires and self.before not in ("firing", "cannot tell")

    @property
    def ends(self) -> bool:
        """Whether it fired and does not any more."""
        return not self.alert.fires and self.before in ("firing", "cannot tell")


def changes(kept: Sequence[Kept], found: Sequence[Alert], now: datetime) -> Iterator[Change]:
    """Which alerts changed their state, in the order of the list."""
    before = {one.key: one for one in kept}
    standing = {one.key: one for one in found}
    for key in KEYS:
        was = before.get(key)
        state = was.state if was is not None else "normal"
        alert = standing.get(key) or Alert("warn", "All is well again.", key, "normal")
        if alert.state == state:
            continue
        began = alert.since or (was.began_at if was is not None and was.state != "normal" else now)
        yield Change(replace(alert, since=began), state, began)


def _count(amount: int, one: str) -> str:
    return f"{amount:,} {one}" if amount == 1 else f"{amount:,} {one}s"


def _do(amount: int) -> str:
    return "does" if amount == 1 else "do"
