"""Watching, and one mail for each alert that begins: queued, sent once, never twice (DESIGN D18, I7)."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import pytest

from shipsync.config import load_settings
from shipsync.doors.mail import Mail, Outcome, SendGrid
from shipsync.jobs.worker import recover
from shipsync.procedures import mail
from shipsync.procedures.alerts import watch
from shipsync.sandbox.faults import unauthorized
from shipsync.store import alerts as alerts_store
from shipsync.store import jobs, outbox, workflows
from shipsync.store.settings import set_setting
from tests.doors.mail_service import a_mail_service
from tests.house import NOON, SYNC, House, a_house
from tests.store.order_rows import an_order

MAIL = {"SHIPSYNC_MAIL_FROM": "warehouse@example.com", "SHIPSYNC_MAIL_TO": "lead@example.com, office@example.com"}


class Door:
    """A mail door that answers in turn, and keeps what it was handed."""

    def __init__(self, *outcomes: Outcome) -> None:
        self.outcomes = list(outcomes)
        self.mails: list[Mail] = []

    def send(self, one: Mail, now: object) -> Outcome:
        """Take a mail."""
        self.mails.append(one)
        return self.outcomes.pop(0) if self.outcomes else Outcome("sent", "accepted")


def with_mail(house: House, *outcomes: Outcome) -> Door:
    """Mail is configured, and goes through a door of the test's."""
    house.app.settings = load_settings(MAIL, None)
    door = house.app.doors["mail"] = Door(*outcomes)  # type: ignore[index]
    return door


def look(house: House) -> list[tuple[str, str]]:
    """One look of the schedule, with a worker that runs. Returns what changed."""
    machine = house.app.machine()
    alive = type(machine)(machine.started_at, True, None, None)
    changed = watch(house.app.db, house.app.settings, alive, house.app.now()).changed
    return [(change.alert.key, change.alert.state) for change in changed]


def switch_sync(house: House, *, on: bool) -> None:
    with house.app.db.transaction() as con:
        workflows.set_enabled(con, SYNC, on, "Bob", house.app.now())


def states(house: House) -> list[tuple[str, str]]:
    return [(one.mail_key.split("/")[1], one.status) for one in outbox.latest(house.app.db.read())]


def queue_a_mail(house: House, period: str = "one") -> str:
    new = outbox.NewMail("alert", period, "warehouse@example.com", ("lead@example.com",), "It is so", "It is so.")
    with house.app.db.transaction() as con:
        outbox.put(con, new, house.app.now())
    return new.mail_key


def the_mail(house: House, key: str) -> outbox.Kept:
    found = outbox.mail(house.app.db.read(), key)
    assert found is not None
    return found


# Watching


def test_a_look_at_which_nothing_changes_writes_nothing(house: House) -> None:
    look(house)
    before = house.app.db.data_version
    assert look(house) == []
    assert house.app.db.data_version == before


def test_an_alert_fires_once_lasts_ends_and_sends_one_mail(house: House) -> None:
    door = with_mail(house)
    house.sync()
    look(house)
    switch_sync(house, on=False)
    assert look(house) == [("sync-off", "firing")]
    for _ in range(3):
        house.wait(10)
        assert look(house) == []
    switch_sync(house, on=True)
    house.sync()
    assert look(house) == [("sync-off", "normal")]
    house.job(mail.KIND)
    assert [one.subject for one in door.mails] == [
        "[sandbox] shipsync: The sync is switched off, so nothing new comes in"
    ]
    assert door.mails[0].recipients == ("lead@example.com", "office@example.com")
    assert "Switch it on under Sync." in door.mails[0].text
    assert "/sync" in door.mails[0].text
    assert [one.state for one in alerts_store.events(house.app.db.read()) if one.key == "sync-off"] == [
        "normal",
        "firing",
    ]


def test_a_mail_leads_to_an_order_whatever_is_in_its_number(house: House) -> None:
    with_mail(house)
    house.sync()
    an_order(house.app.db, "A&B #1", ordered_at=NOON - timedelta(days=3), created_at=NOON - timedelta(days=3))
    look(house)
    (text,) = [one.text for one in outbox.latest(house.app.db.read()) if one.mail_key.startswith("alert/late/")]
    assert "/order?order=key%3AA%26B+%231\n" in text


def test_an_alert_that_fires_again_sends_another_mail(house: House) -> None:
    with_mail(house)
    house.sync()
    for _ in range(2):
        switch_sync(house, on=False)
        look(house)
        house.wait(1)
        switch_sync(house, on=True)
        look(house)
        house.wait(1)
    assert states(house) == [("sync-off", "queued"), ("sync-off", "queued")]


def test_without_a_recipient_no_mail_is_queued(house: House) -> None:
    house.sync()
    switch_sync(house, on=False)
    assert ("sync-off", "firing") in look(house)
    assert states(house) == []


def test_recipients_set_in_the_app_come_first(house: House) -> None:
    with_mail(house)
    with house.app.db.transaction() as con:
        set_setting(con, "alert_recipients", "night@example.com", "Bob", house.app.now())
    found = mail.alert_addresses(house.app.db.read(), house.app.settings)
    assert found == mail.Addresses("warehouse@example.com", ("night@example.com",))


def test_with_a_key_and_no_sender_mail_is_not_configured(house: House) -> None:
    con = house.app.db.read()
    keyed = {"SHIPSYNC_SENDGRID_KEY": "SG.x", "SHIPSYNC_MAIL_TO": "lead@example.com"}
    assert mail.alert_addresses(con, load_settings(keyed, None)) is None
    unkeyed = load_settings({"SHIPSYNC_MAIL_TO": "lead@example.com"}, None)
    assert mail.alert_addresses(con, unkeyed) == mail.Addresses("shipsync@localhost", ("lead@example.com",))


def test_the_schedule_has_the_worker_send_what_waits(house: House, tmp_path: Path) -> None:
    house.app.settings = load_settings(MAIL, None)
    house.app.watch()  # the worker of a test does not run, which is an alert
    [asked] = jobs.latest_jobs(house.app.db.read(), mail.KIND)
    assert asked.requested_by == "schedule"
    house.app.run_now(mail.KIND, {}, "test")
    assert "worker" in {key for key, status in states(house) if status == "sent"}
    assert [path.suffix for path in (tmp_path / "outbox").iterdir()] == [".eml"] * len(states(house))
    house.app.watch()
    assert len(jobs.latest_jobs(house.app.db.read(), mail.KIND)) == 1


def test_a_key_that_shipstation_refuses_is_told_as_that(house: House) -> None:
    """Holds the words of the door and of the rule together."""
    house.faults.add("orders", unauthorized())
    assert house.job(SYNC).status == "failed"
    assert ("credentials", "firing") in look(house)


# Sending


def test_what_was_sent_is_never_sent_again(house: House) -> None:
    door = with_mail(house)
    key = queue_a_mail(house)
    assert not queue_again(house)
    house.job(mail.KIND)
    house.job(mail.KIND)
    assert len(door.mails) == 1
    sent = the_mail(house, key)
    assert (sent.status, sent.said, sent.attempts) == ("sent", "accepted", 1)
    audited = house.rows("SELECT changed_by, action, subject, after FROM audit_log WHERE action LIKE 'mail%'")
    assert audited == [("shipsync", "mail sent", key, "to lead@example.com: accepted")]


def queue_again(house: House) -> bool:
    new = outbox.NewMail("alert", "one", "other@example.com", (), "Another", "text")
    with house.app.db.transaction() as con:
        return outbox.put(con, new, house.app.now())


def test_a_mail_that_was_surely_not_sent_is_tried_again_later_and_not_for_ever(house: House) -> None:
    again = Outcome("again", "The mail service could not be reached.")
    door = with_mail(house, *[again] * 10)
    key = queue_a_mail(house)
    waited = []
    while the_mail(house, key).status == "queued":
        house.job(mail.KIND)
        now, kept = house.app.now(), the_mail(house, key)
        waited.append((kept.next_try_at - now) // timedelta(minutes=1))
        house.wait(waited[-1])
    assert waited[:-1] == [1, 2, 4, 8, 16]
    assert len(door.mails) == mail.TRIES
    assert the_mail(house, key).status == "failed"
    assert the_mail(house, key).said == "The mail service could not be reached. It was tried 6 times."


def test_a_mail_waits_its_time(house: House) -> None:
    door = with_mail(house, Outcome("again", "busy"))
    queue_a_mail(house)
    house.job(mail.KIND)
    house.job(mail.KIND)
    assert len(door.mails) == 1


@pytest.mark.parametrize("ended", ["failed", "unknown"])
def test_what_failed_or_is_unknown_waits_for_a_person(house: House, ended: str) -> None:
    door = with_mail(house, Outcome(ended, "It did not work."))  # type: ignore[arg-type]
    key = queue_a_mail(house)
    house.job(mail.KIND)
    house.job(mail.KIND)
    assert the_mail(house, key).status == ended
    assert ("mail", "firing") in look(house)
    assert [one.mail_key for one in outbox.undecided(house.app.db.read())] == [key]
    assert len(door.mails) == 1


def test_a_person_may_send_it_again_or_let_it_be(house: House) -> None:
    door = with_mail(house, Outcome("unknown", "?"), Outcome("failed", "no"))
    first, second = queue_a_mail(house, "one"), queue_a_mail(house, "two")
    house.job(mail.KIND)
    db, now = house.app.db, house.app.now()
    assert mail.decide(db, first, send_again=True, by="Bob", now=now)
    assert mail.decide(db, second, send_again=False, by="Bob", now=now)
    assert not mail.decide(db, first, send_again=True, by="Ann", now=now)
    house.job(mail.KIND)
    assert [the_mail(house, key).status for key in (first, second)] == ["sent", "sent"]
    assert len(door.mails) == 3
    assert house.rows("SELECT subject, before, after FROM audit_log WHERE changed_by = 'Bob' ORDER BY entry_no") == [
        (first, "unknown", "queued"),
        (second, "failed", "sent"),
    ]


def test_a_process_killed_while_sending_leaves_the_mail_unknown_and_sent_once(tmp_path: Path) -> None:
    database = tmp_path / "a.duckdb"
    with a_house(tmp_path, database=database) as house:
        key = queue_a_mail(house)
    processes: Sequence[subprocess.Popen[bytes]] = []
    with a_mail_service(on_mail=lambda: os.kill(processes[0].pid, signal.SIGKILL)) as service:
        command = [sys.executable, "-m", "tests.procedures.mail_process", str(database), service.url]
        processes = [subprocess.Popen(command, cwd=Path(__file__).parents[2])]
        assert processes[0].wait(60) == -signal.SIGKILL
        assert len(service.mails) == 1
        with a_house(tmp_path, database=database, start=NOON + timedelta(minutes=5)) as house:
            assert the_mail(house, key).status == "sending"
            house.app.doors["mail"] = SendGrid(service.url, "key")  # type: ignore[index]
            recover(house.app)
            house.app.watch()
            house.job(mail.KIND)
            kept = the_mail(house, key)
        assert (kept.status, kept.said) == ("unknown", mail.CUT_OFF_WHILE_SENDING)
        assert len(service.mails) == 1
