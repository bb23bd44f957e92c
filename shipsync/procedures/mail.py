"""Sending what waits in the outbox: job kind `mail` (DESIGN D18).

1. settle   what a dead run was sending is unknown from now on: it may have arrived, so nothing sends it again.
2. send     one mail after the other: marked as sending and committed, sent, its outcome committed. A kill in between
            leaves it at 'sending', which the next run settles.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from shipsync.config import Settings
from shipsync.doors.mail import Mail, MailDoor, MailFolder, SendGrid
from shipsync.procedures.work import Procedure, Result, Step, Work
from shipsync.store import outbox
from shipsync.store.cursor import Cursor
from shipsync.store.db import Database
from shipsync.store.settings import audit, setting

KIND = "mail"
FOLDER = "outbox"  # beside the database, where there is no mail service
RECIPIENTS = "alert_recipients"  # the setting: addresses separated by commas

TRIES = 6
FIRST_WAIT = timedelta(minutes=1)  # doubled with each try
CUT_OFF_WHILE_SENDING = "shipsync was stopped while it was sending. Look whether it arrived."

# What a file that nobody receives is signed with where no sender is set.
_NOBODY = "shipsync@localhost"


@dataclass(frozen=True, slots=True)
class Addresses:
    """From whom and to whom mails go."""

    sender: str
    recipients: tuple[str, ...]


def open_mail_door(settings: Settings) -> MailDoor:
    """SendGrid where there is a key, else the folder beside the database."""
    if settings.sendgrid_key is not None:
        return SendGrid(str(settings.sendgrid_url), settings.sendgrid_key.get_secret_value())
    return MailFolder(settings.database_path.parent / FOLDER)


def alert_addresses(con: Cursor, settings: Settings) -> Addresses | None:
    """Where mails about alerts go; None where mail is not configured.

    The recipients people have set in the app, else SHIPSYNC_MAIL_TO. Without SHIPSYNC_MAIL_FROM nothing is sent, but
    a file may be kept.
    """
    recipients = _addresses(setting(con, RECIPIENTS)) or _addresses(settings.mail_to)
    sender = next(iter(_addresses(settings.mail_from)), _NOBODY if settings.sendgrid_key is None else None)
    return Addresses(sender, recipients) if sender is not None and recipients else None


def settle(work: Work) -> Result:
    """Step 1. Returns how many mails nobody knows of any more."""
    with work.db.transaction() as con:
        work.lease.check(con)
        lost = outbox.give_up_sending(con, work.run_id, CUT_OFF_WHILE_SENDING, work.now())
    for mail_key in lost:
        work.log(f"{mail_key}: {CUT_OFF_WHILE_SENDING}")
    return {"unknown": len(lost)}


def send(work: Work) -> Result:
    """Step 2. Returns how many mails ended how."""
    door = cast(MailDoor, work.doors["mail"])
    while (mail := _claim(work)) is not None:
        outcome = door.send(
            Mail(mail.mail_key, mail.sender, mail.recipients, mail.subject, mail.text, mail.html), work.now()
        )
        _end(work, mail, outcome.status, outcome.said)
        work.check_cancel()
    return dict(work.counts)


def decide(db: Database, mail_key: str, *, send_again: bool, by: str, now: datetime) -> bool:
    """A person decides about a mail that failed or is unknown. False if it is in another state by now."""
    said = f"{by} wants it sent again" if send_again else f"{by} says that it need not be sent"
    with db.transaction() as con:
        before = outbox.decide(con, mail_key, send_again=send_again, said=said, now=now)
        if before is None:
            return False
        audit(con, by, "mail decided", mail_key, before, "queued" if send_again else "sent", now)
        return True


PROCEDURE = Procedure(KIND, (Step("settle", settle), Step("send", send)))


def _claim(work: Work) -> outbox.Kept | None:
    if not outbox.is_anything_due(work.db.read(), work.now()):
        return None
    with work.db.transaction() as con:
        work.lease.check(con)
        return outbox.claim(con, work.run_id, work.now())


def _end(work: Work, mail: outbox.Kept, status: str, said: str) -> None:
    to = ", ".join(mail.recipients)
    if status == "again" and mail.attempts >= TRIES:
        status, said = "failed", f"{said} It was tried {TRIES} times."
    work.log(f"'{mail.subject}' to {to}: {'tried again later' if status == 'again' else status}. {said}")
    work.count(status)
    with work.db.transaction() as con:
        work.lease.check(con)
        if status == "again":
            next_try_at = work.now() + FIRST_WAIT * 2 ** (mail.attempts - 1)
            outbox.queue_again(con, mail.mail_key, work.run_id, said, next_try_at)
            return
        outbox.end(con, mail.mail_key, work.run_id, _ended(status), said, work.now())
        audit(con, "shipsync", f"mail {status}", mail.mail_key, None, f"to {to}: {said}", work.now())


def _ended(status: str) -> outbox.Ended:
    return cast(outbox.Ended, status)


def _addresses(text: str | None) -> tuple[str, ...]:
    return tuple(part.strip() for part in (text or "").split(",") if part.strip())
