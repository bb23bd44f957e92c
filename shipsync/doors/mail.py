"""Mail: through SendGrid where there is a key, else kept as .eml files that any mail program opens (DESIGN D18).

One request of SendGrid's v3 API is all that is needed, so it is spoken directly: their client would bring an HTTP
library of its own, without time limits, and hide what was sent and what was not.
"""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import re
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import Any, Literal, Protocol

import requests

from shipsync.rules.mail import MailFile

CONNECT_TIMEOUT_S, ANSWER_TIMEOUT_S = 10.0, 30.0
# "The total size of your email, including attachments, must be less than 30MB"; files count as they are sent, base64.
# https://www.twilio.com/docs/sendgrid/api-reference/mail-send
TOO_LARGE_BYTES = 30_000_000
_LONGEST_SAID = 300


@dataclass(frozen=True, slots=True)
class Mail:
    """One mail as it goes out."""

    mail_key: str  # our name of it; SendGrid keeps it beside the mail, so both sides can be compared
    sender: str
    recipients: tuple[str, ...]
    subject: str
    text: str
    html: str | None = None  # equal in content
    files: tuple[MailFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a sending ended.

    sent      the mail service has it, or it is kept as a file
    failed    it will never be taken as it is: a wrong key, a bad address
    again     surely not sent; worth another try
    unknown   the request went out and nobody knows what became of it
    """

    status: Literal["sent", "failed", "again", "unknown"]
    said: str  # a sentence, or the name of the file


class MailDoor(Protocol):
    """What sends mails."""

    def send(self, mail: Mail, now: datetime) -> Outcome:
        """Send one mail, once. Raises nothing of the network: every end is an outcome."""


class SendGrid:
    """The mail service (POST /v3/mail/send; 202 means accepted)."""

    def __init__(
        self,
        url: str,
        key: str,
        *,
        connect_timeout_s: float = CONNECT_TIMEOUT_S,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        """`url` as in SHIPSYNC_SENDGRID_URL, without a path."""
        self._url = f"{url.rstrip('/')}/v3/mail/send"
        self._key = key
        self._timeout = (connect_timeout_s, answer_timeout_s)

    def send(self, mail: Mail, now: datetime) -> Outcome:
        """Send one mail. Only an answer tells: without one it is unknown, unless no connection came about."""
        message = json.dumps(_message(mail)).encode()
        if len(message) >= TOO_LARGE_BYTES:
            return Outcome("failed", _too_large(len(message), len(mail.files)))
        try:
            answer = requests.post(
                self._url,
                # As a file it goes out piece by piece, each within the time limit. Bytes would go out as one, and a
                # report over a slow line would be cut off after 10 s, when nobody knows what became of it.
                data=io.BytesIO(message),
                headers={"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"},
                timeout=self._timeout,
                allow_redirects=False,
            )
        except requests.exceptions.ConnectTimeout:
            return Outcome("again", "The mail service could not be reached.")
        except requests.exceptions.RequestException as error:
            # The text of a foreign error may hold a proxy's password; its kind is enough.
            if _never_connected(error):
                return Outcome("again", "The mail service could not be reached.")
            return Outcome("unknown", "The connection to the mail service broke before it answered.")
        return _outcome(answer)


class MailFolder:
    """Keeps mails as files: what goes out where there is no mail service."""

    def __init__(self, folder: Path) -> None:
        """The folder is made with the first mail."""
        self._folder = folder

    def send(self, mail: Mail, now: datetime) -> Outcome:
        """Keep one mail as a file named after its key; a second time replaces the first."""
        path = self._folder / f"{_file_stem(mail.mail_key)}.eml"
        unfinished = path.with_suffix(".part")
        try:
            content = _eml(mail, now).as_bytes()
        except ValueError as error:
            # A subject or an address that is no single line of text.
            return Outcome("failed", f"The mail cannot be written down: {error}.")
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            unfinished.write_bytes(content)
            os.replace(unfinished, path)
        except OSError as error:
            return Outcome("again", f"{path} could not be written: {error.strerror}.")
        return Outcome("sent", f"kept as {path.name}")


def _message(mail: Mail) -> dict[str, Any]:
    content = [{"type": "text/plain", "value": mail.text}]
    if mail.html is not None:
        content.append({"type": "text/html", "value": mail.html})
    message: dict[str, Any] = {
        "personalizations": [{"to": [{"email": one} for one in mail.recipients]}],
        "from": {"email": mail.sender, "name": "shipsync"},
        "subject": mail.subject,
        "content": content,
        "custom_args": {"mail_key": mail.mail_key},
        # Links are not rewritten and nobody is watched while reading.
        "tracking_settings": {"click_tracking": {"enable": False}, "open_tracking": {"enable": False}},
    }
    if mail.files:
        message["attachments"] = [
            {
                "content": base64.b64encode(one.content).decode(),
                "type": one.media_type,
                "filename": one.name,
                "disposition": "attachment",
            }
            for one in mail.files
        ]
    return message


def _too_large(size: int, files: int) -> str:
    with_files = f" with its {files} files" if files > 1 else " with its file" if files else ""
    return (
        f"The mail has {size / 1_000_000:.1f} MB{with_files}; the mail service takes less than "
        f"{TOO_LARGE_BYTES // 1_000_000} MB. Hand it over another way."
    )


def _outcome(answer: requests.Response) -> Outcome:
    code = answer.status_code
    if code == 202 or code == 200:
        name = answer.headers.get("X-Message-Id")
        return Outcome("sent", f"accepted as {name}" if name else "accepted")
    said = _said(answer)
    if code in (401, 403):
        return Outcome("failed", f"The mail service refuses the key or the sender ({code}{said}).")
    if code in (429, 503):
        return Outcome("again", f"The mail service is busy ({code}{said}).")
    if code >= 500:
        return Outcome("unknown", f"The mail service failed while it had the mail ({code}{said}).")
    return Outcome("failed", f"The mail service does not take it ({code}{said}).")


def _said(answer: requests.Response) -> str:
    """SendGrid's own reason: {"errors": [{"message": ...}]}."""
    try:
        errors = answer.json().get("errors", [])
        text = "; ".join(str(one["message"]).rstrip(".") for one in errors)
    except (ValueError, AttributeError, KeyError, TypeError):
        return ""
    return f": {text[:_LONGEST_SAID]}" if text else ""


def _never_connected(error: requests.exceptions.RequestException) -> bool:
    cause = error.args[0] if error.args else None
    reason = getattr(cause, "reason", cause)
    return type(reason).__name__ in {"NewConnectionError", "NameResolutionError"}


def _eml(mail: Mail, now: datetime) -> EmailMessage:
    message = EmailMessage(policy=SMTP)
    message["From"] = f"shipsync <{mail.sender}>"
    message["To"] = ", ".join(mail.recipients)
    message["Subject"] = mail.subject
    message["Date"] = format_datetime(now)
    message["Message-ID"] = f"<{hashlib.sha256(mail.mail_key.encode()).hexdigest()[:32]}@shipsync>"
    message["X-Shipsync-Key"] = mail.mail_key
    message.set_content(mail.text)
    if mail.html is not None:
        message.add_alternative(mail.html, subtype="html")
    for one in mail.files:
        kind, _, subtype = one.media_type.partition("/")
        message.add_attachment(one.content, maintype=kind, subtype=subtype, filename=one.name)
    # Random boundaries would make another file of the same mail each time. A line of the texts is never one of these,
    # for it would have to hold the hash of itself; base64 has no '=_' (RFC 2045).
    name = hashlib.sha256(f"{mail.text}{mail.html}".encode()).hexdigest()[:32]
    for number, part in enumerate(part for part in message.walk() if part.is_multipart()):
        part.set_boundary(f"=_{name}_{number}")
    return message


def _file_stem(mail_key: str) -> str:
    """A name that every file system takes: 'alert-stale-2026-09-16T20-00-00-v1'."""
    return re.sub(r"[^A-Za-z0-9]+", "-", mail_key).strip("-")[:120]
