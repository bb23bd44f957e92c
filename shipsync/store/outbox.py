"""Mails on their way out (DESIGN D18): queued, sending, sent, failed, unknown. A key is sent at most once.

put -> queued -> sending -> sent
          ^         |-----> failed    the mail service will never take it
          '---------|                 surely not sent: once more, later
                    '-----> unknown   nobody knows: a person decides, `decide`
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from shipsync.rules.alerts import MailTrouble
from shipsync.rules.mail import MailFile
from shipsync.store.cursor import Cursor, Row

Ended = Literal["sent", "failed", "unknown"]

_COLUMNS = """mail_key, kind, period, version, status, sender, subject, text, html, queued_at, next_try_at, attempts,
    run_id, ended_at, said, recipients"""


@dataclass(frozen=True, slots=True)
class NewMail:
    """A mail to be sent."""

    kind: str
    period: str
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str | None = None
    version: int = 1
    sending: int = 1  # from 2 on: a person wished it to be sent once more
    files: tuple[MailFile, ...] = ()

    @property
    def mail_key(self) -> str:
        """What it is known by: the same key is never sent twice."""
        key = f"{self.kind}/{self.period}/v{self.version}"
        return key if self.sending == 1 else f"{key}/again-{self.sending}"


@dataclass(frozen=True, slots=True)
class Kept:
    """A mail as it stands in the outbox. Its files are read by themselves: `files`."""

    mail_key: str
    kind: str
    period: str
    version: int
    status: str  # queued, sending, sent, failed, unknown
    sender: str
    subject: str
    text: str
    html: str | None
    queued_at: datetime
    next_try_at: datetime
    attempts: int
    run_id: str | None
    ended_at: datetime | None
    said: str | None
    recipients: tuple[str, ...]


def put(con: Cursor, mail: NewMail, now: datetime) -> bool:
    """Queue a mail with its files. False if its key is there already: then nothing is changed."""
    is_new = con.rows(
        """
        INSERT INTO outbox (mail_key, kind, period, version, status, sender, recipients, subject, text, html,
            queued_at, next_try_at, attempts)
        VALUES ($mail_key, $kind, $period, $version, 'queued', $sender, $recipients, $subject, $text, $html,
            $now, $now, 0)
        ON CONFLICT (mail_key) DO NOTHING
        RETURNING mail_key
        """,
        {
            "mail_key": mail.mail_key,
            "kind": mail.kind,
            "period": mail.period,
            "version": mail.version,
            "sender": mail.sender,
            "recipients": json.dumps(list(mail.recipients)),
            "subject": mail.subject,
            "text": mail.text,
            "html": mail.html,
            "now": now,
        },
    )
    if not is_new:
        return False
    for file_no, one in enumerate(mail.files, 1):
        con.execute(
            """
            INSERT INTO outbox_files (mail_key, file_no, name, media_type, content)
            VALUES ($mail_key, $file_no, $name, $media_type, $content)
            """,
            {
                "mail_key": mail.mail_key,
                "file_no": file_no,
                "name": one.name,
                "media_type": one.media_type,
                "content": one.content,
            },
        )
    return True


def is_anything_due(con: Cursor, now: datetime) -> bool:
    """Whether a mail may be sent now, or one stands in 'sending' of which somebody has to say how it ended."""
    return bool(
        con.value(
            """
            SELECT EXISTS (
                SELECT 1
                FROM outbox
                WHERE status = 'sending' OR (status = 'queued' AND next_try_at <= $now)
            )
            """,
            {"now": now},
        )
    )


def give_up_sending(con: Cursor, run_id: str, said: str, now: datetime) -> list[str]:
    """Mails that an earlier, dead run was sending are unknown from now on. Their keys.

    Called by the holder of the mail lock, so no other run can be sending.
    """
    rows = con.rows(
        """
        UPDATE outbox
        SET status = 'unknown', ended_at = $now, said = $said
        WHERE status = 'sending' AND run_id <> $run_id
        RETURNING mail_key
        """,
        {"run_id": run_id, "said": said, "now": now},
    )
    return sorted(key for (key,) in rows)


def claim(con: Cursor, run_id: str, now: datetime) -> Kept | None:
    """Take the due mail that has waited longest: it is 'sending' from now on. None when there is none."""
    row = con.row(
        f"""
        UPDATE outbox
        SET status = 'sending', run_id = $run_id, attempts = attempts + 1, said = NULL
        WHERE status = 'queued'
          AND mail_key = (
              SELECT mail_key
              FROM outbox
              WHERE status = 'queued' AND next_try_at <= $now
              ORDER BY queued_at, mail_key
              LIMIT 1
          )
        RETURNING {_COLUMNS}
        """,  # noqa: S608 - our own columns
        {"run_id": run_id, "now": now},
    )
    return _kept(row) if row is not None else None


def end(con: Cursor, mail_key: str, run_id: str, status: Ended, said: str, now: datetime) -> bool:
    """How the sending ended. False if this run is not sending it (any more); then nothing is changed."""
    return bool(
        con.rows(
            """
            UPDATE outbox
            SET status = $status, said = $said, ended_at = $now
            WHERE mail_key = $mail_key AND run_id = $run_id AND status = 'sending'
            RETURNING mail_key
            """,
            {"mail_key": mail_key, "run_id": run_id, "status": status, "said": said, "now": now},
        )
    )


def queue_again(con: Cursor, mail_key: str, run_id: str, said: str, next_try_at: datetime) -> bool:
    """It was surely not sent: try once more, later. False if this run is not sending it."""
    return bool(
        con.rows(
            """
            UPDATE outbox
            SET status = 'queued', said = $said, next_try_at = $next_try_at
            WHERE mail_key = $mail_key AND run_id = $run_id AND status = 'sending'
            RETURNING mail_key
            """,
            {"mail_key": mail_key, "run_id": run_id, "said": said, "next_try_at": next_try_at},
        )
    )


def decide(con: Cursor, mail_key: str, *, send_again: bool, said: str, now: datetime) -> str | None:
    """A person decides about a mail that failed or is unknown: send it again, or let it be as if sent.

    Returns the state it was in; None if it was in another one, and nothing is changed.
    """
    before: str | None = con.value(
        "SELECT status FROM outbox WHERE mail_key = $mail_key AND status IN ('failed', 'unknown')",
        {"mail_key": mail_key},
    )
    if before is None:
        return None
    con.execute(
        """
        UPDATE outbox
        SET status = CASE WHEN $send_again THEN 'queued' ELSE 'sent' END,
            attempts = CASE WHEN $send_again THEN 0 ELSE attempts END,
            next_try_at = $now,
            ended_at = CASE WHEN $send_again THEN NULL ELSE $now END,
            said = $said
        WHERE mail_key = $mail_key
        """,
        {"mail_key": mail_key, "send_again": send_again, "said": said, "now": now},
    )
    return before


def mail(con: Cursor, mail_key: str) -> Kept | None:
    """One mail."""
    row = con.row(f"SELECT {_COLUMNS} FROM outbox WHERE mail_key = $mail_key", {"mail_key": mail_key})  # noqa: S608
    return _kept(row) if row is not None else None


def files(con: Cursor, mail_key: str) -> tuple[MailFile, ...]:
    """The files of one mail, in their order."""
    rows = con.rows(
        """
        SELECT name, media_type, content
        FROM outbox_files
        WHERE mail_key = $mail_key
        ORDER BY file_no
        """,
        {"mail_key": mail_key},
    )
    return tuple(MailFile(*row) for row in rows)


def file_names(con: Cursor, mail_key: str) -> list[str]:
    """What the files of one mail are called, in their order; none of them is loaded."""
    rows = con.rows("SELECT name FROM outbox_files WHERE mail_key = $mail_key ORDER BY file_no", {"mail_key": mail_key})
    return [name for (name,) in rows]


def of_period(con: Cursor, kind: str, period: str) -> list[Kept]:
    """The mails of one report, the newest version first, and of one version what was queued last."""
    rows = con.rows(
        f"""
        SELECT {_COLUMNS}
        FROM outbox
        WHERE kind = $kind AND period = $period
        ORDER BY version DESC, queued_at DESC, mail_key DESC
        """,  # noqa: S608
        {"kind": kind, "period": period},
    )
    return [_kept(row) for row in rows]


def latest(con: Cursor, limit: int = 50) -> list[Kept]:
    """The newest mails first."""
    rows = con.rows(
        f"SELECT {_COLUMNS} FROM outbox ORDER BY queued_at DESC, mail_key LIMIT $limit",  # noqa: S608
        {"limit": limit},
    )
    return [_kept(row) for row in rows]


def undecided(con: Cursor) -> list[Kept]:
    """Mails that failed or of which nobody knows, oldest first: a person decides."""
    rows = con.rows(
        f"""
        SELECT {_COLUMNS}
        FROM outbox
        WHERE status IN ('failed', 'unknown')
        ORDER BY queued_at, mail_key
        """  # noqa: S608
    )
    return [_kept(row) for row in rows]


def trouble(con: Cursor) -> MailTrouble:
    """How many mails a person has to decide about, and the oldest of them."""
    failed, unknown, oldest_at, example = con.rows(
        """
        SELECT count(*) FILTER (WHERE status = 'failed'),
               count(*) FILTER (WHERE status = 'unknown'),
               min(ended_at),
               arg_min('''' || subject || '''. ' || coalesce(said, ''), queued_at)
        FROM outbox
        WHERE status IN ('failed', 'unknown')
        """
    )[0]
    return MailTrouble(failed, unknown, oldest_at, example)


def _kept(row: Row) -> Kept:
    fields = (*row[:-1], tuple(json.loads(row[-1])))
    return Kept(*fields)
