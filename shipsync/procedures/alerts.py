"""Watching: tells each minute which alerts began and ended, keeps that, and queues one mail for each that begins.

Nothing is written while nothing changes. It is no job: one a minute would bury the others.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlencode

from shipsync.config import Settings
from shipsync.procedures import mail
from shipsync.rules.alerts import Change, Facts, Machine, alerts, changes
from shipsync.store import alerts as store
from shipsync.store import lateness, outbox, overview
from shipsync.store.cursor import Cursor
from shipsync.store.db import Database


@dataclass(frozen=True, slots=True)
class Watched:
    """What one look came to."""

    changed: tuple[Change, ...]
    has_mail: bool  # something waits in the outbox


def facts_now(con: Cursor, settings: Settings, machine: Machine, now: datetime) -> Facts:
    """Everything that alerts are told from, at this moment."""
    known = overview.facts(con)
    cut_off = overview.cut_off(con, settings.zone)
    return overview.told_now(known, machine, cut_off, lambda before: lateness.late(con, before), now)


def watch(db: Database, settings: Settings, machine: Machine, now: datetime) -> Watched:
    """Look once: read, tell what changed, and write it with its mails in one transaction.

    Raises StoreError where it cannot be written; the next look tells the same again.
    """
    con = db.read()
    found = alerts(facts_now(con, settings, machine, now), now)
    changed = tuple(changes(store.kept(con), found, now))
    if changed:
        with db.transaction() as writing:
            kept = [(change, _queue_mail(writing, settings, change, now)) for change in changed]
            store.keep(writing, kept, now)
    return Watched(changed, outbox.is_anything_due(con, now))


def _queue_mail(con: Cursor, settings: Settings, change: Change, now: datetime) -> str | None:
    """The key of the mail about an alert that begins to fire; None where there is none."""
    alert = change.alert
    # A mail about mails that do not go out would not go out either.
    if not change.begins_to_fire or alert.key == mail.KIND:
        return None
    addresses = mail.alert_addresses(con, settings)
    if addresses is None:
        return None
    new = outbox.NewMail(
        kind=mail.ALERT,
        period=f"{alert.key}/{now:%Y-%m-%dT%H:%M:%SZ}",
        sender=addresses.sender,
        recipients=addresses.recipients,
        subject=_subject(alert.text, is_sandbox=settings.is_sandbox),
        text=_text(change, settings, now),
    )
    outbox.put(con, new, now)
    return new.mail_key


def _subject(text: str, *, is_sandbox: bool) -> str:
    """The first clause of the sentence: it tells the state."""
    state = " ".join(text.split(". ")[0].rstrip(".").split())
    short = state if len(state) <= 120 else f"{state[:117].rsplit(' ', 1)[0]} ..."
    return f"{'[sandbox] ' if is_sandbox else ''}shipsync: {short}"


def _text(change: Change, settings: Settings, now: datetime) -> str:
    alert, zone = change.alert, settings.zone
    page = alert.place.page
    query = urlencode(alert.place.query)  # order keys hold what people typed
    lines = [
        alert.text,
        "",
        f"Since {change.began_at.astimezone(zone):%a %d %b %Y %H:%M %Z}; told "
        f"{now.astimezone(zone):%a %d %b %Y %H:%M %Z}.",
        f"On the computer of shipsync: http://127.0.0.1:{settings.port}/{page}{'?' + query if query else ''}",
        "",
        "This is the only mail about it, however long it lasts. Today shows when it has ended.",
    ]
    return "\n".join(lines) + "\n"
