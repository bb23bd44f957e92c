"""Mail: what goes over the wire, how each end is told, and the files kept without a mail service."""

from __future__ import annotations

import socket
from datetime import UTC, datetime
from email import message_from_bytes, policy
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from shipsync.doors.mail import Mail, MailFolder, SendGrid
from tests.doors.mail_service import a_mail_service

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
KEY = "SG.a-key-for-tests"


def a_mail(**others: Any) -> Mail:
    values: dict[str, Any] = {
        "mail_key": "alert/stale/2026-11-20T20:00:00Z/v1",
        "sender": "warehouse@example.com",
        "recipients": ("lead@example.com", "office@example.com"),
        "subject": "shipsync: Orders are complete only up to 3 h ago",
        "text": "Orders are complete only up to 3 h ago.\nZoë",
    }
    return Mail(**(values | others))


def test_a_mail_goes_out_as_the_service_documents_it() -> None:
    with a_mail_service() as service:
        outcome = SendGrid(f"{service.url}/", KEY).send(a_mail(html="<p>3 h</p>"), NOW)
    assert (outcome.status, outcome.said) == ("sent", "accepted as m-1")
    assert service.requests == [("/v3/mail/send", f"Bearer {KEY}")]
    assert service.mails == [
        {
            "personalizations": [{"to": [{"email": "lead@example.com"}, {"email": "office@example.com"}]}],
            "from": {"email": "warehouse@example.com", "name": "shipsync"},
            "subject": "shipsync: Orders are complete only up to 3 h ago",
            "content": [
                {"type": "text/plain", "value": "Orders are complete only up to 3 h ago.\nZoë"},
                {"type": "text/html", "value": "<p>3 h</p>"},
            ],
            "custom_args": {"mail_key": "alert/stale/2026-11-20T20:00:00Z/v1"},
            "tracking_settings": {"click_tracking": {"enable": False}, "open_tracking": {"enable": False}},
        }
    ]


@pytest.mark.parametrize(
    ("status", "body", "ends_as", "said"),
    [
        (401, b'{"errors": [{"message": "The provided authorization grant is invalid"}]}', "failed",
         "The mail service refuses the key or the sender (401: The provided authorization grant is invalid)."),
        (400, b'{"errors": [{"message": "Does not contain a valid address."}]}', "failed",
         "The mail service does not take it (400: Does not contain a valid address.)."),
        (302, b"", "failed", "The mail service does not take it (302)."),
        (429, b"<html>", "again", "The mail service is busy (429)."),
        (503, b"[]", "again", "The mail service is busy (503)."),
        (500, b"", "unknown", "The mail service failed while it had the mail (500)."),
    ],
)  # fmt: skip
def test_each_answer_is_told_by_what_it_means(status: int, body: bytes, ends_as: str, said: str) -> None:
    with a_mail_service(status=status, body=body) as service:
        outcome = SendGrid(service.url, KEY).send(a_mail(), NOW)
    assert (outcome.status, outcome.said) == (ends_as, said)


def test_a_connection_that_breaks_leaves_it_unknown() -> None:
    with a_mail_service(hangs_up=True) as service:
        outcome = SendGrid(service.url, KEY).send(a_mail(), NOW)
    assert outcome.status == "unknown"
    assert len(service.mails) == 1


def test_an_answer_that_does_not_come_leaves_it_unknown() -> None:
    asked_enough = Event()
    with a_mail_service(on_mail=asked_enough.wait) as service:
        outcome = SendGrid(service.url, KEY, answer_timeout_s=0.05).send(a_mail(), NOW)
        asked_enough.set()
    assert outcome.status == "unknown"


def test_a_service_that_cannot_be_reached_surely_has_nothing() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    outcome = SendGrid(url, KEY).send(a_mail(), NOW)
    assert (outcome.status, outcome.said) == ("again", "The mail service could not be reached.")


def test_without_a_service_a_mail_is_a_file_that_a_mail_program_opens(tmp_path: Path) -> None:
    folder = tmp_path / "outbox"
    outcome = MailFolder(folder).send(a_mail(html="<p>3 h</p>"), NOW)
    assert (outcome.status, outcome.said) == ("sent", "kept as alert-stale-2026-11-20T20-00-00Z-v1.eml")
    [path] = folder.iterdir()
    read = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert read["To"] == "lead@example.com, office@example.com"
    assert read["From"] == "shipsync <warehouse@example.com>"
    assert read["Date"] == "Fri, 20 Nov 2026 20:00:00 +0000"
    assert read["Subject"] == "shipsync: Orders are complete only up to 3 h ago"
    bodies = {
        part.get_content_type(): part.get_content().splitlines() for part in read.walk() if not part.is_multipart()
    }
    assert bodies == {
        "text/plain": ["Orders are complete only up to 3 h ago.", "Zoë"],
        "text/html": ["<p>3 h</p>"],
    }


def test_the_same_mail_kept_twice_is_one_file(tmp_path: Path) -> None:
    door = MailFolder(tmp_path)
    assert door.send(a_mail(), NOW) == door.send(a_mail(), NOW)
    assert len(list(tmp_path.iterdir())) == 1


def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file where the folder should be")
    assert MailFolder(tmp_path / "outbox").send(a_mail(), NOW).status == "again"


def test_a_subject_cannot_smuggle_in_another_header(tmp_path: Path) -> None:
    outcome = MailFolder(tmp_path).send(a_mail(subject="Late\nBcc: x@example.com"), NOW)
    assert outcome.status == "failed"
    assert list(tmp_path.iterdir()) == []
