"""Mail: what goes over the wire, how each end is told, and the files kept without a mail service."""

from __future__ import annotations

import base64
import socket
import time
from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from vcr.errors import CannotOverwriteExistingCassetteException

from shipsync.doors.mail import TOO_LARGE_BYTES, Mail, MailFolder, SendGrid
from shipsync.rules.mail import MailFile
from tests.doors.cassettes.play import MAIL_URL, playing
from tests.doors.mail_service import a_mail_service

NOW = datetime(2026, 11, 20, 20, 0, tzinfo=UTC)
KEY = "SG.a-key-for-tests"

REPORT = MailFile("shipsync-weekly-report-2026-W47.pdf", "application/pdf", b"%PDF-1.7\r\n\x00\xff" + bytes(range(256)))
FIGURES = MailFile(
    "shipsync-weekly-report-2026-W47.csv", "text/csv", "\ufeffsku,product\r\n17612,Zo\u00eb\r\n".encode()
)
BOOK = MailFile(
    "shipsync-weekly-report-2026-W47.xlsx",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    b"PK\x03\x04 a workbook",
)


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


def the_report(**others: Any) -> Mail:
    return a_mail(mail_key="weekly-report/2026-W47/v1", html="<p>481</p>", files=(REPORT, FIGURES, BOOK), **others)


def test_files_go_out_as_the_service_documents_it() -> None:
    with a_mail_service() as service:
        assert SendGrid(service.url, KEY).send(the_report(), NOW).status == "sent"
    [sent] = service.mails
    assert sent["attachments"] == [
        {
            "content": base64.b64encode(one.content).decode(),
            "type": one.media_type,
            "filename": one.name,
            "disposition": "attachment",
        }
        for one in (REPORT, FIGURES, BOOK)
    ]
    assert base64.b64decode(sent["attachments"][0]["content"]) == REPORT.content


def large(megabytes: float) -> MailFile:
    return replace(REPORT, content=bytes(int(megabytes * 1_000_000)))


def test_a_mail_that_is_too_large_is_refused_before_it_goes_out() -> None:
    with a_mail_service() as service:
        door = SendGrid(service.url, KEY)
        alone = door.send(a_mail(files=(large(22.5),)), NOW)
        many = door.send(a_mail(files=(large(15), large(9), FIGURES)), NOW)
        assert service.requests == []
        assert door.send(a_mail(files=(large(22.4),)), NOW).status == "sent"
    assert TOO_LARGE_BYTES == 30_000_000
    assert (alone.status, alone.said) == (
        "failed",
        "The mail has 30.0 MB with its file; the mail service takes less than 30 MB. Hand it over another way.",
    )
    assert (many.status, many.said) == (
        "failed",
        "The mail has 32.0 MB with its 3 files; the mail service takes less than 30 MB. Hand it over another way.",
    )


def test_a_slow_line_has_time_for_a_large_mail() -> None:
    # All of it takes longer than one piece may take. Much of it fits into the line itself, so it is large.
    with a_mail_service(on_piece=lambda: time.sleep(0.04)) as service:
        door = SendGrid(service.url, KEY, connect_timeout_s=1.0, answer_timeout_s=10.0)
        assert door.send(a_mail(files=(large(12),)), NOW).status == "sent"
    assert len(service.mails) == 1


@pytest.mark.parametrize(
    ("status", "body", "ends_as", "said"),
    [
        (401, b'{"errors": [{"message": "The provided authorization grant is invalid"}]}', "failed",
         "The mail service refuses the key or the sender (401: The provided authorization grant is invalid)."),
        (400, b'{"errors": [{"message": "Does not contain a valid address."}]}', "failed",
         "The mail service does not take it (400: Does not contain a valid address)."),
        (413, b"<html>\r\n<head><title>413 Request Entity Too Large</title></head>", "failed",
         "The mail service does not take it (413)."),
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


@pytest.mark.parametrize(
    ("cassette", "ends"),
    [
        ("mail_accepted", [("sent", "accepted as Ua9z9lSTSaqYBWJe_Xfc-Q")]),
        ("mail_refused", [("failed", "The mail service refuses the key or the sender (401: The provided authorization "
                           "grant is invalid, expired, or revoked).")]),
        ("mail_too_large", [("failed", "The mail service does not take it (413: The JSON payload you have included in "
                             "your request is too large).")]),
        ("mail_busy_then_accepted", [("again", "The mail service is busy (429: too many requests)."),
                                     ("sent", "accepted as Ua9z9lSTSaqYBWJe_Xfc-Q")]),
    ],
)  # fmt: skip
def test_documented_answers_are_told_by_what_they_mean(cassette: str, ends: list[tuple[str, str]]) -> None:
    with playing(cassette) as played:
        outcomes = [SendGrid(MAIL_URL, KEY).send(the_report(), NOW) for _ in ends]
    assert [(one.status, one.said) for one in outcomes] == ends
    assert played.all_played


def test_a_mail_of_which_no_answer_was_written_down_reaches_no_network() -> None:
    with playing("recorded"), pytest.raises(CannotOverwriteExistingCassetteException):
        SendGrid(MAIL_URL, KEY).send(a_mail(), NOW)


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


def kept(folder: Path, mail: Mail) -> EmailMessage:
    """What a mail program reads in the file that is kept of a mail."""
    assert MailFolder(folder).send(mail, NOW).status == "sent"
    [path] = folder.iterdir()
    read = message_from_bytes(path.read_bytes(), policy=policy.default)
    assert isinstance(read, EmailMessage)
    return read


def test_a_kept_mail_has_its_files_attached(tmp_path: Path) -> None:
    read = kept(tmp_path, the_report())
    assert read.get_content_type() == "multipart/mixed"
    text, html = (read.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    assert text.get_content().splitlines() == ["Orders are complete only up to 3 h ago.", "Zoë"]
    assert html.get_content().splitlines() == ["<p>481</p>"]
    attached = [
        (one.get_filename(), one.get_content_type(), one.get_content_disposition(), one.get_payload(decode=True))
        for one in read.iter_attachments()
    ]
    assert attached == [(one.name, one.media_type, "attachment", one.content) for one in (REPORT, FIGURES, BOOK)]


def test_a_file_may_go_with_a_mail_of_text_alone(tmp_path: Path) -> None:
    [file] = kept(tmp_path, a_mail(files=(FIGURES,))).iter_attachments()
    assert file.get_payload(decode=True) == FIGURES.content


def test_the_same_mail_kept_twice_is_the_same_file(tmp_path: Path) -> None:
    contents = []
    for _ in range(2):
        kept(tmp_path, the_report())
        [path] = tmp_path.iterdir()
        contents.append(path.read_bytes())
    assert contents[0] == contents[1]


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": ""},
        {"name": "../report.pdf"},
        {"name": 'report".pdf'},
        {"name": "report.pdf\r\nBcc: x@example.com"},
        {"name": "übersicht.pdf"},
        {"media_type": "pdf"},
        {"media_type": "text/csv; charset=utf-8"},
        {"media_type": "text/csv\r\nBcc: x@example.com"},
        {"content": b""},
    ],
)
def test_a_file_that_no_mail_may_have_is_none(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="mail"):
        replace(REPORT, **wrong)


def test_a_folder_that_cannot_be_written_is_tried_again(tmp_path: Path) -> None:
    (tmp_path / "outbox").write_text("a file where the folder should be")
    assert MailFolder(tmp_path / "outbox").send(a_mail(), NOW).status == "again"


def test_a_subject_cannot_smuggle_in_another_header(tmp_path: Path) -> None:
    outcome = MailFolder(tmp_path).send(a_mail(subject="Late\nBcc: x@example.com"), NOW)
    assert outcome.status == "failed"
    assert list(tmp_path.iterdir()) == []
