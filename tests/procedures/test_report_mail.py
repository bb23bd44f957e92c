"""Mails that carry documents: queued whole, sent once, never twice, and once more only as a person wishes (D18, I7)."""

from __future__ import annotations

import base64
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from email import message_from_bytes, policy
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from shipsync.config import load_settings
from shipsync.doors.mail import Outcome, SendGrid
from shipsync.jobs.worker import recover
from shipsync.procedures import mail
from shipsync.procedures.mail import Addresses
from shipsync.rules.mail import MailFile
from shipsync.store import outbox
from shipsync.store.db import Database
from shipsync.store.settings import set_setting
from tests.doors.cassettes.play import MAIL_URL, playing
from tests.doors.mail_service import MailService, a_mail_service
from tests.house import NOON, House, a_house
from tests.procedures.deaths import Dying, Killed
from tests.procedures.test_alerts_and_mail import MAIL, look, the_mail, with_mail

PDF = MailFile(
    "shipsync-weekly-report-2026-W38.pdf", "application/pdf", b"%PDF-1.7\r\n\x00\xff" + os.urandom(2_000_000)
)
CSV = MailFile("shipsync-weekly-report-2026-W38.csv", "text/csv", b"sku,units\r\n17612,481\r\n")
KEY = "weekly-report/2026-W38/v1"


def a_report(**others: Any) -> outbox.NewMail:
    values: dict[str, Any] = {
        "kind": mail.WEEKLY_REPORT,
        "period": "2026-W38",
        "sender": "warehouse@example.com",
        "recipients": ("lead@example.com", "office@example.com"),
        "subject": "Week 38: 481 units, 2 SKUs low",
        "text": "481 units were shipped.",
        "html": "<p>481 units were shipped.</p>",
        "files": (PDF, CSV),
    }
    return outbox.NewMail(**(values | others))


def queue(house: House, report: outbox.NewMail | None = None) -> bool:
    return queue_in(house.app.db, house.app.now(), report)


def queue_in(db: Database | Dying, now: datetime, report: outbox.NewMail | None = None) -> bool:
    with db.transaction() as con:
        return outbox.put(con, report or a_report(), now)


def through(house: House, service_url: str, *, answer_timeout_s: float = 30.0) -> None:
    """Mails go through the real client to a mail service at this address."""
    door = SendGrid(service_url, "SG.key", answer_timeout_s=answer_timeout_s)
    house.app.doors["mail"] = door  # type: ignore[index]


def sent_files(service: MailService) -> list[list[tuple[str, bytes]]]:
    """The files of each mail that the service has, by name."""
    return [
        [(one["filename"], base64.b64decode(one["content"])) for one in sent["attachments"]] for sent in service.mails
    ]


BOTH = [(PDF.name, PDF.content), (CSV.name, CSV.content)]


# In the outbox


def test_a_report_is_queued_with_its_files_or_not_at_all(house: House) -> None:
    con = house.app.db.read()
    with pytest.raises(Killed):
        queue_in(Dying(house.app.db, 1, "within"), house.app.now())
    assert (outbox.mail(con, KEY), outbox.files(con, KEY)) == (None, ())
    assert queue(house)
    assert outbox.files(con, KEY) == (PDF, CSV)
    assert outbox.file_names(con, KEY) == [PDF.name, CSV.name]


def test_the_same_report_queued_again_changes_neither_mail_nor_files(house: House) -> None:
    queue(house)
    assert not queue(house, a_report(subject="Another", files=(CSV,)))
    assert the_mail(house, KEY).subject == "Week 38: 481 units, 2 SKUs low"
    assert outbox.files(house.app.db.read(), KEY) == (PDF, CSV)


def test_the_mails_of_one_report_are_told_newest_version_first(house: House) -> None:
    with_mail(house)
    for version in (1, 2):
        queue(house, a_report(version=version))
        house.wait(1)
    queue(house, a_report(period="2026-W37"))
    house.job(mail.KIND)
    mail.resend(house.app.db, KEY, "Bob", house.app.now())
    told = [(one.mail_key, one.status) for one in outbox.of_period(house.app.db.read(), mail.WEEKLY_REPORT, "2026-W38")]
    assert told == [("weekly-report/2026-W38/v2", "sent"), (f"{KEY}/again-2", "queued"), (KEY, "sent")]
    assert outbox.of_period(house.app.db.read(), mail.WEEKLY_REPORT, "2026-W36") == []


# To whom


def test_a_report_goes_to_those_set_in_the_app_for_its_kind(house: House) -> None:
    con, settings = house.app.db.read(), load_settings(MAIL, None)
    usual = Addresses("warehouse@example.com", ("lead@example.com", "office@example.com"))
    assert mail.report_addresses(con, settings, mail.WEEKLY_REPORT) == usual
    with house.app.db.transaction() as writing:
        set_setting(writing, "weekly_report_recipients", "brand@example.com, brand@example.com", "Bob", NOON)
    assert mail.report_addresses(con, settings, mail.WEEKLY_REPORT) == Addresses(
        "warehouse@example.com", ("brand@example.com",)
    )
    assert mail.alert_addresses(con, settings) == usual


def test_without_a_recipient_a_report_has_no_address(house: House) -> None:
    assert mail.report_addresses(house.app.db.read(), load_settings({}, None), mail.WEEKLY_REPORT) is None


# Sending


def test_a_report_is_sent_once_with_its_files(house: House) -> None:
    with a_mail_service() as service:
        through(house, service.url)
        queue(house)
        house.job(mail.KIND)
        assert not queue(house)
        house.job(mail.KIND)
    assert sent_files(service) == [BOTH]
    assert (the_mail(house, KEY).status, the_mail(house, KEY).said) == ("sent", "accepted as m-1")


def test_without_a_mail_service_a_report_is_a_file_with_its_documents(house: House, tmp_path: Path) -> None:
    queue(house)
    house.job(mail.KIND)
    assert the_mail(house, KEY).said == "kept as weekly-report-2026-W38-v1.eml"
    read = message_from_bytes(
        (tmp_path / "outbox" / "weekly-report-2026-W38-v1.eml").read_bytes(), policy=policy.default
    )
    attached = [(one.get_filename(), one.get_payload(decode=True)) for one in read.walk() if one.get_filename()]
    assert attached == BOTH


def test_a_report_that_is_refused_waits_for_a_person_who_sends_it_with_its_files(house: House) -> None:
    with a_mail_service(status=401, body=b'{"errors": [{"message": "Maximum credits exceeded"}]}') as service:
        through(house, service.url)
        queue(house)
        house.job(mail.KIND)
        house.job(mail.KIND)
        assert len(service.mails) == 1
        refused = the_mail(house, KEY)
        assert (refused.status, refused.said) == (
            "failed",
            "The mail service refuses the key or the sender (401: Maximum credits exceeded).",
        )
        assert ("mail", "firing") in look(house)
        service.status = 202
        assert mail.decide(house.app.db, KEY, send_again=True, by="Bob", now=house.app.now())
        house.job(mail.KIND)
    assert the_mail(house, KEY).status == "sent"
    assert sent_files(service) == [BOTH, BOTH]


def test_a_busy_mail_service_is_given_the_report_later(house: House) -> None:
    through(house, MAIL_URL)
    queue(house)
    with playing("mail_busy_then_accepted") as played:
        house.job(mail.KIND)
        waits = the_mail(house, KEY)
        assert (waits.status, waits.said) == ("queued", "The mail service is busy (429: too many requests).")
        house.job(mail.KIND)  # its time has not come
        assert the_mail(house, KEY).attempts == 1
        house.wait(1)
        house.job(mail.KIND)
        assert played.all_played
    sent = the_mail(house, KEY)
    assert (sent.status, sent.said, sent.attempts) == ("sent", "accepted as Ua9z9lSTSaqYBWJe_Xfc-Q", 2)


@pytest.mark.parametrize("refusal", ["mail_refused", "mail_too_large"])
def test_a_report_that_the_service_documents_as_refused_is_not_tried_again(house: House, refusal: str) -> None:
    through(house, MAIL_URL)
    queue(house)
    with playing(refusal):
        for _ in range(2):
            house.job(mail.KIND)
            house.wait(60)
    assert (the_mail(house, KEY).status, the_mail(house, KEY).attempts) == ("failed", 1)


def test_a_report_that_is_too_large_is_not_tried(house: House) -> None:
    with a_mail_service() as service:
        through(house, service.url)
        queue(house, a_report(files=(MailFile(PDF.name, PDF.media_type, bytes(25_000_000)), CSV)))
        house.job(mail.KIND)
        assert service.requests == []
    assert the_mail(house, KEY).status == "failed"
    assert "the mail service takes less than 30 MB" in str(the_mail(house, KEY).said)


def lost(service: MailService) -> None:
    service.hangs_up = True


def slow(service: MailService) -> None:
    asked_enough = Event()
    service.on_mail = lambda: asked_enough.wait(0.5) and None


@pytest.mark.parametrize("how", [lost, slow])
def test_a_report_that_was_taken_without_an_answer_is_never_sent_again(
    house: House, how: Callable[[MailService], None]
) -> None:
    with a_mail_service() as service:
        how(service)
        through(house, service.url, answer_timeout_s=0.1)
        queue(house)
        for _ in range(3):
            house.job(mail.KIND)
            house.wait(60)
            queue(house)
        assert ("mail", "firing") in look(house)
    assert sent_files(service) == [BOTH]
    unknown = the_mail(house, KEY)
    assert (unknown.status, unknown.said) == (
        "unknown",
        "The connection to the mail service broke before it answered.",
    )


def after_the_last_piece(service: MailService, die: Callable[[], None]) -> None:
    service.on_mail = die


def between_two_pieces(service: MailService, die: Callable[[], None]) -> None:
    service.on_piece = die


@pytest.mark.parametrize(
    ("moment", "arrived"), [(after_the_last_piece, 1), pytest.param(between_two_pieces, 0, marks=pytest.mark.sweep)]
)
def test_a_process_killed_while_it_sends_a_report_leaves_it_unknown(
    tmp_path: Path, moment: Callable[[MailService, Callable[[], None]], None], arrived: int
) -> None:
    database = tmp_path / "a.duckdb"
    with a_house(tmp_path, database=database) as house:
        queue(house)
    processes: Sequence[subprocess.Popen[bytes]] = []

    def die() -> None:
        os.kill(processes[0].pid, signal.SIGKILL)
        processes[0].wait()

    with a_mail_service() as service:
        moment(service, die)
        command = [sys.executable, "-m", "tests.procedures.mail_process", str(database), service.url]
        processes = [subprocess.Popen(command, cwd=Path(__file__).parents[2])]
        assert processes[0].wait(60) == -signal.SIGKILL
        service.on_mail = service.on_piece = lambda: None
        with a_house(tmp_path, database=database, start=NOON + timedelta(minutes=5)) as house:
            assert the_mail(house, KEY).status == "sending"
            through(house, service.url)
            recover(house.app)
            house.app.watch()
            house.job(mail.KIND)
            house.job(mail.KIND)
            kept = the_mail(house, KEY)
            assert (kept.status, kept.said) == ("unknown", mail.CUT_OFF_WHILE_SENDING)
            assert len(service.mails) == arrived
            # A person who has looked sends it, whole.
            assert mail.decide(house.app.db, KEY, send_again=True, by="Bob", now=house.app.now())
            house.job(mail.KIND)
    assert sent_files(service)[arrived:] == [BOTH]


# Once more, as a person wishes


def test_a_report_that_was_sent_is_sent_once_more_under_a_key_of_its_own(house: House) -> None:
    door = with_mail(house)
    queue(house)
    house.job(mail.KIND)
    now = house.app.now()
    assert mail.resend(house.app.db, KEY, "Bob", now) == f"{KEY}/again-2"
    assert mail.resend(house.app.db, KEY, "Ann", now) is None  # it waits already
    assert mail.resend(house.app.db, f"{KEY}/again-2", "Ann", now) is None
    house.job(mail.KIND)
    me = Addresses("warehouse@example.com", ("bob@example.com",))
    assert mail.resend(house.app.db, f"{KEY}/again-2", "Bob", now, to=me) == f"{KEY}/again-3"
    house.job(mail.KIND)
    usual = ("lead@example.com", "office@example.com")
    assert [(one.mail_key, one.recipients, one.files) for one in door.mails] == [
        (KEY, usual, (PDF, CSV)),
        (f"{KEY}/again-2", usual, (PDF, CSV)),
        (f"{KEY}/again-3", ("bob@example.com",), (PDF, CSV)),
    ]
    assert {(one.subject, one.text, one.html) for one in door.mails} == {
        ("Week 38: 481 units, 2 SKUs low", "481 units were shipped.", "<p>481 units were shipped.</p>")
    }
    assert house.rows(
        "SELECT changed_by, subject, before, after FROM audit_log WHERE action = 'mail sent again' ORDER BY entry_no"
    ) == [
        ("Bob", KEY, "sent", f"{KEY}/again-2, to lead@example.com, office@example.com"),
        ("Bob", f"{KEY}/again-2", "sent", f"{KEY}/again-3, to bob@example.com"),
    ]


def test_what_waits_or_is_not_there_is_not_sent_once_more(house: House) -> None:
    with_mail(house)
    queue(house)
    assert mail.resend(house.app.db, KEY, "Bob", house.app.now()) is None
    with house.app.db.transaction() as con:
        outbox.claim(con, "mail.1", house.app.now())
    assert mail.resend(house.app.db, KEY, "Bob", house.app.now()) is None
    assert mail.resend(house.app.db, "weekly-report/2026-W01/v1", "Bob", house.app.now()) is None
    assert len(outbox.latest(house.app.db.read())) == 1


@pytest.mark.parametrize("ended", ["failed", "unknown"])
def test_a_mail_sent_once_more_leaves_the_first_as_it_ended(house: House, ended: str) -> None:
    with_mail(house, Outcome(ended, "It did not work."))  # type: ignore[arg-type]
    queue(house)
    house.job(mail.KIND)
    again = mail.resend(house.app.db, KEY, "Bob", house.app.now())
    house.job(mail.KIND)
    assert (the_mail(house, KEY).status, the_mail(house, str(again)).status) == (ended, "sent")
