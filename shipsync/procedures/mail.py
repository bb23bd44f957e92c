"""Sending what waits in the outbox: job kind `mail` (DESIGN D18).

1. settle   what a dead run was sending is unknown from now on: it may have arrived, so nothing sends it again.
2. send     one mail after the other: marked as sending and committed, sent, its outcome committed. A kill in between
            leaves it at 'sending', which the next run settles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from shipsync.config import Settings
from shipsync.doors.mail import Mail, MailDoor, MailFolder, SendGrid
from shipsync.procedures.work import Procedure, Result, Step, Work
from shipsync.rules.mail import MailFile
from shipsync.rules.preferences import (
    ALERT_RECIPIENTS,
    CHARGE_REPORT_RECIPIENTS,
    WEEKLY_REPORT_RECIPIENTS,
    recipients,
)
from shipsync.store import outbox
from shipsync.store.cursor import Cursor
from shipsync.store.db import Database
from shipsync.store.settings import audit, setting

KIND = "mail"
FOLDER = "outbox"  # beside the database, where there is no mail service

# Kinds of mails, and the setting that says to whom each kind goes.
ALERT, WEEKLY_REPORT, CHARGE_REPORT = "alert", "weekly-report", "charge-report"
TEST = "test"  # goes where one of the others goes
RECIPIENTS: Mapping[str, str] = {
    ALERT: ALERT_RECIPIENTS,
    WEEKLY_REPORT: WEEKLY_REPORT_RECIPIENTS,
    CHARGE_REPORT: CHARGE_REPORT_RECIPIENTS,
}

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
    """Where mails about alerts go; None where mail is not configured."""
    return _addresses(con, settings, ALERT)


def report_addresses(con: Cursor, settings: Settings, kind: str) -> Addresses | None:
    """Where reports of a kind go ('weekly-report'); None where mail is not configured."""
    return _addresses(con, settings, kind)


def mail_report(
    work: Work,
    kind: str,
    period: str,
    version: int,
    texts: Callable[[], tuple[str, str, str]],
    files: Callable[[], Iterable[MailFile]],
    check: Callable[[Cursor], None] = lambda _: None,
) -> Result:
    """Queue a closing's report for those who get its kind, and have it sent. Returns to whom, and how that stands.

    `texts` are subject, text and HTML; neither they nor the files are made where nobody gets it. `check` raises, in the
    transaction that queues it, what forbids sending it. Tried again it is the same mail, and goes out once.
    """
    addresses = report_addresses(work.db.read(), work.settings, kind)
    if addresses is None:
        work.log("Nobody gets it by mail: no recipients are set under Settings.")
        return {"recipients": 0, "status": "nobody"}
    subject, text, html = texts()
    new = outbox.NewMail(
        kind=kind,
        period=period,
        version=version,
        sender=addresses.sender,
        recipients=addresses.recipients,
        subject=f"{'[sandbox] ' if work.settings.is_sandbox else ''}{subject}",
        text=text,
        html=html,
        files=tuple(files()),
    )
    with work.db.transaction() as con:
        work.lease.check(con)
        check(con)
        outbox.put(con, new, work.now())
    work.have_done(KIND, {})
    sent = outbox.mail(work.db.read(), new.mail_key)
    status = sent.status if sent is not None else "queued"
    work.log(f"Mail to {', '.join(addresses.recipients)}: {status}. {sent.said if sent is not None else ''}")
    return {"recipients": len(addresses.recipients), "status": status, "mail": new.mail_key}


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
    while (claimed := _claim(work)) is not None:
        mail, files = claimed
        outcome = door.send(
            Mail(mail.mail_key, mail.sender, mail.recipients, mail.subject, mail.text, mail.html, files), work.now()
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


def send_test(db: Database, settings: Settings, kind: str, what: str, by: str, now: datetime) -> str | None:
    """Queue a small mail to those who get reports of a kind, to see whether it arrives. `what` is the kind in words.

    Each press is a mail of its own. Returns its key; None where mail is not configured for this kind.
    """
    with db.transaction() as con:
        addresses = report_addresses(con, settings, kind)
        if addresses is None:
            return None
        text = (
            f"This is a test. The {what} goes to {', '.join(addresses.recipients)}.\n\n"
            f"{by} asked for it. Nothing has to be done."
        )
        new = outbox.NewMail(
            kind=TEST,
            period=f"{kind}/{now:%Y%m%dT%H%M%S.%fZ}",
            sender=addresses.sender,
            recipients=addresses.recipients,
            subject=f"{'[sandbox] ' if settings.is_sandbox else ''}Test: the {what} comes here",
            text=text,
        )
        if outbox.put(con, new, now):
            audit(con, by, "test mail asked for", new.mail_key, None, _to(addresses.recipients), now)
        return new.mail_key


def resend(db: Database, mail_key: str, by: str, now: datetime, *, to: Addresses | None = None) -> str | None:
    """Queue a mail once more with its files, because a person wishes so: to those it went to, or to others.

    It is a mail of its own, 'weekly-report/2026-W47/v1/again-2'. Returns its key; None where there is no such mail, or
    it still waits or is being sent in any of its sendings.
    """
    with db.transaction() as con:
        first = outbox.mail(con, mail_key)
        if first is None:
            return None
        sendings = [one for one in outbox.of_period(con, first.kind, first.period) if one.version == first.version]
        if any(one.status in ("queued", "sending") for one in sendings):
            return None
        again = outbox.NewMail(
            kind=first.kind,
            period=first.period,
            sender=first.sender if to is None else to.sender,
            recipients=first.recipients if to is None else to.recipients,
            subject=first.subject,
            text=first.text,
            html=first.html,
            version=first.version,
            sending=len(sendings) + 1,
            files=outbox.files(con, mail_key),
        )
        outbox.put(con, again, now)
        audit(con, by, "mail sent again", mail_key, first.status, f"{again.mail_key}, {_to(again.recipients)}", now)
        return again.mail_key


PROCEDURE = Procedure(KIND, (Step("settle", settle), Step("send", send)))


def _claim(work: Work) -> tuple[outbox.Kept, tuple[MailFile, ...]] | None:
    if not outbox.is_anything_due(work.db.read(), work.now()):
        return None
    with work.db.transaction() as con:
        work.lease.check(con)
        mail = outbox.claim(con, work.run_id, work.now())
        # Read before it stands as sending: files that cannot be read leave it queued, not unknown.
        return (mail, outbox.files(con, mail.mail_key)) if mail is not None else None


def _end(work: Work, mail: outbox.Kept, status: str, said: str) -> None:
    to = _to(mail.recipients)
    if status == "again" and mail.attempts >= TRIES:
        status, said = "failed", f"{said} It was tried {TRIES} times."
    work.log(f"'{mail.subject}' {to}: {'tried again later' if status == 'again' else status}. {said}")
    work.count(status)
    with work.db.transaction() as con:
        work.lease.check(con)
        if status == "again":
            next_try_at = work.now() + FIRST_WAIT * 2 ** (mail.attempts - 1)
            outbox.queue_again(con, mail.mail_key, work.run_id, said, next_try_at)
            return
        outbox.end(con, mail.mail_key, work.run_id, _ended(status), said, work.now())
        audit(con, "shipsync", f"mail {status}", mail.mail_key, None, f"{to}: {said}", work.now())


def _to(addresses: tuple[str, ...]) -> str:
    return f"to {', '.join(addresses)}"


def _ended(status: str) -> outbox.Ended:
    return cast(outbox.Ended, status)


def _addresses(con: Cursor, settings: Settings, kind: str) -> Addresses | None:
    """The recipients people have set in the app for this kind, else SHIPSYNC_MAIL_TO.

    Without SHIPSYNC_MAIL_FROM nothing is sent, but a file may be kept.
    """
    to = recipients(setting(con, RECIPIENTS[kind])) or recipients(settings.mail_to)
    sender = next(iter(recipients(settings.mail_from)), _NOBODY if settings.sendgrid_key is None else None)
    return Addresses(sender, to) if sender is not None and to else None
