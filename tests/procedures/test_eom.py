"""Closing a month: what it rests on, which month, its self-check, its invoice and mail, and what changes later."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path
from threading import Event

import pytest

from shipsync.config import load_settings
from shipsync.doors.mail import SendGrid
from shipsync.procedures import eow, mail
from shipsync.procedures.work import Result, Work
from shipsync.rules.letterhead import FIRM
from shipsync.rules.parties import PAYMENT_DAYS
from shipsync.rules.preferences import CHARGE_REPORT_RECIPIENTS
from shipsync.rules.weeks import DAYS_OFF
from shipsync.store import closings, invariants, jobs, outbox
from shipsync.store.settings import set_setting
from tests.doors.mail_service import MailService, a_mail_service
from tests.house import House
from tests.procedures.closing_day import (
    closed,
    failing_at,
    moved,
    shipped,
    states,
    step_result,
    try_again,
    versions,
)
from tests.procedures.month import (
    AUGUST,
    EOM,
    EOW,
    FRIDAY,
    JULY,
    MONDAY,
    RATES,
    SKUS,
    SYNC,
    before_july,
    billed,
    closed_days,
    go_to,
    in_july,
    kept,
    on_pallets,
    rated,
    report_of,
)
from tests.procedures.test_alerts_and_mail import MAIL, with_mail

KEY = "charge-report/2026-07/v1"
DOCUMENTS = [f"shipsync-invoice-2026-07-v1.{ending}" for ending in ("csv", "pdf", "xlsx")]
NOBODY_CLOSED = {"reason": "Nobody closed days then."}
TAMPERED = (
    ("UPDATE charge_report SET total = total + 1", "I8: what a month's closing billed"),
    ("UPDATE charge_report_labels SET voided = NOT voided", "I8: a month's closing rests on other labels"),
    ("DELETE FROM charge_report_lines WHERE charge = 'minimum'", "I9: what is billed of a month"),
    ("DELETE FROM charge_report_lines WHERE charge = 'void'", "I9: carrier cost of a day"),
    ("DELETE FROM charge_report_orders", "I9: a fee is for other orders"),
    ("UPDATE charge_report_stock SET units = units + 50 WHERE sku = '17904'", "I9: a fee is for other orders"),
    ("UPDATE charge_report_lines SET amount = 1 WHERE charge = 'receipt'", "I9: a fee is not its quantity"),
)


class Undone(Exception):
    """What was tampered with is put back."""


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    """A warehouse on the last day of July, a Friday, at one."""
    with in_july(tmp_path) as house:
        go_to(house, FRIDAY)
        yield house


def set_(house: House, name: str, value: str) -> None:
    with house.app.db.transaction() as con:
        set_setting(con, name, value, "Bob", house.clock.now())


def newest_label(house: House) -> int:
    return max(house.world.books.shipments)


@contextmanager
def just_before(house: House, name: str, deed: Callable[[], None]) -> Iterator[None]:
    """Within the block something happens just before the step of that name."""

    def after_it(do: Callable[[Work], Result | None]) -> Callable[[Work], Result | None]:
        def step(work: Work) -> Result | None:
            deed()
            return do(work)

        return step

    whole = house.app.procedures
    steps = tuple(replace(one, do=after_it(one.do)) if one.name == name else one for one in whole[EOM].steps)
    house.app.procedures = {**whole, EOM: replace(whole[EOM], steps=steps)}
    yield
    house.app.procedures = whole


# What it does


def test_a_month_is_closed_with_its_week_its_day_its_invoice_and_its_documents(tmp_path: Path) -> None:
    with in_july(tmp_path) as house:
        go_to(house, date(2026, 7, 8))
        shipped(house, 3, cost=Decimal("10.00"), insurance_cost=Decimal("1.50"))
        shipped(house, 4, cost=Decimal("20.00"))
        go_to(house, date(2026, 7, 9))
        moved(house, "receive", "17612", "250237", 50, house.clock.now())
        go_to(house, date(2026, 7, 10))
        shipped(house, 2, cost=Decimal("12.00"))
        go_to(house, date(2026, 7, 11))
        house.world.void(newest_label(house))
        go_to(house, FRIDAY)
        shipped(house, 5, cost=Decimal("15.00"))
        house.wait(1)
        # Pressed in two tabs, by a program and by a schedule at once it is one job; the week that waits is joined.
        asked = [house.app.enqueue(EOM, {}, by).job_id for by in ("Ann", "Ann", "api", "schedule")]
        assert asked == ["eom.1"] * 4
        house.app.enqueue(EOW, {}, "Bob")
        while house.app.worker.run_next():
            pass

        job = jobs.job(house.app.db.read(), "eom.1")
        assert job is not None
        one = closed(house, job)
        assert (one.period_start, one.period_end, one.version, one.records) == (JULY, FRIDAY, 1, 3)
        assert one.sentence == "Monthly charges ready: July 2026: 306.50 USD, 3 orders"
        assert states(house, "eom.1") == dict.fromkeys(
            ["week", "check", "charges", "report", "mail", "archive"], "succeeded"
        )
        assert job.result == {
            "month": "2026-07",
            "version": 1,
            "sentence": one.sentence,
            "total": "306.50",
        }
        runs = {run_id for (run_id,) in house.rows("SELECT run_id FROM runs")}
        assert runs == {"eod.1", "eow.1", "eom.1", f"{SYNC}.1", f"{SYNC}.2", f"{SYNC}.3"}
        assert (closed_days(house), versions(house, "eow", MONDAY)) == ([FRIDAY], [1])

        made = report_of(house, job)
        assert (made.billed_through, made.is_complete, made.reviewed_by, made.warnings) == (FRIDAY, True, "Ann", ())
        assert {charge: billed(made, charge) for charge in ("postage", "insurance", "void", "order", "unit",
                                                            "receipt", "pallet_day", "minimum")} == {
            "postage": Decimal("57.00"),
            "insurance": Decimal("1.50"),
            "void": Decimal("-12.00"),
            "order": Decimal("15.00"),
            "unit": Decimal("12.00"),
            "receipt": Decimal("10.00"),
            # Two pallets of each of four; of the rinse two for eight days, then three.
            "pallet_day": Decimal("166.50"),
            "minimum": Decimal("56.50"),
        }  # fmt: skip
        assert made.carrier_cost + made.service_fees == made.total == Decimal("306.50")
        assert made.stated == (
            "Fri 31 Jul 2026 is billed as it was closed; what leaves later that day is billed with the next month.",
        )

        # The weekly report says the same of every day that both have.
        week = eow.frozen(closings_of(house, "eow", MONDAY))
        assert {line.sku: line.shipped for line in week.lines} == {
            sku: sum(
                one.quantity for one in made.lines if one.charge == "unit" and one.sku == sku and one.day >= MONDAY
            )
            for sku in SKUS
        }
        assert {line.sku: line.quantity for line in week.lines} == {one.sku: one.closing for one in made.stock}

        assert sorted(kept(house)) == DOCUMENTS
        assert all(content for content in kept(house).values())
        assert list(invariants.broken(house.app.db.read())) == []
        for sql, said in TAMPERED:
            with suppress(Undone), house.app.db.transaction() as con:
                con.execute(sql)
                assert [one for one in invariants.broken(con) if one.startswith(said)], sql
                raise Undone


def closings_of(house: House, kind: closings.Kind, start: date, version: int | None = None) -> closings.Closing:
    found = closings.closed(house.app.db.read(), kind, start, version)
    assert found is not None
    return found


# What it rests on


def test_what_is_closed_is_not_closed_again_and_a_void_of_a_minute_ago_is_in(tmp_path: Path) -> None:
    with in_july(tmp_path) as house:
        go_to(house, date(2026, 7, 30))
        closed(house, house.job(EOW))  # early: on Thursday
        go_to(house, FRIDAY)
        shipped(house, 3, cost=Decimal("10.00"))
        house.wait(1)
        first = report_of(house, house.job(EOM))
        assert (closed_days(house), versions(house, "eow", MONDAY)) == ([date(2026, 7, 30), FRIDAY], [1])
        assert (billed(first, "void"), billed(first, "unit")) == (0, 3)
        house.world.void(newest_label(house))
        house.wait(1)
        job = house.job(EOM)
        second = report_of(house, job)
        assert (versions(house, "eod", FRIDAY), versions(house, "eow", MONDAY)) == ([1], [1])
        assert (second.version, second.replaces, billed(second, "void"), billed(second, "unit")) == (2, 1, -10, 0)
        assert second.stated[-1] == f"It replaces version 1, which said {first.total:,.2f} USD."
        assert versions(house, "eom", JULY) == [2, 1]
        assert (len(kept(house)), len(kept(house, version=2))) == (3, 3)


def test_when_the_week_cannot_be_closed_the_month_is_not(house: House) -> None:
    with failing_at(house, EOW, "stock"):
        job = house.job(EOM)
    assert job.error == "End of week did not succeed, and this rests on it: Too little space."
    assert closings.closed(house.app.db.read(), "eom", JULY) is None
    assert closed(house, try_again(house, "eom.1")).version == 1
    assert versions(house, "eow", MONDAY) == [1]


# Which month


def test_on_the_third_it_asks_which_month_and_never_bills_a_day_to_come(tmp_path: Path) -> None:
    with in_july(tmp_path) as house:
        go_to(house, FRIDAY)
        shipped(house, 3)
        go_to(house, date(2026, 8, 3))
        shipped(house, 4)
        house.wait(1)
        asked = house.job(EOM)
        assert asked.error == (
            "Up to the 7th a press has to say which month it means: July 2026 with the date 2026-07-31, or August 2026 "
            "so far with the date 2026-08-03."
        )
        assert house.rows("SELECT count(*) FROM closings") == [(0,)]
        to_come = house.job(EOM, {"date": "2026-09-01"})
        assert to_come.error == "Tue 1 Sep 2026 has not come yet, so it cannot be closed."

        set_(house, PAYMENT_DAYS, "14")
        set_(house, DAYS_OFF, "2026-07-31")
        july = report_of(house, house.job(EOM, {"date": "2026-07-15"}))
        assert (july.billed_through, july.is_complete, july.stated) == (FRIDAY, True, ())
        assert (july.issued_on, july.due_on) == (date(2026, 8, 3), date(2026, 8, 17))
        assert (billed(july, "unit"), max(one.day for one in july.lines)) == (3, FRIDAY)
        assert closed_days(house) == [date(2026, 7, 30)]  # the last day on which anybody worked

        # Asked for by a day to come, August is billed through today; the whole of it replaces that later.
        part = report_of(house, house.job(EOM, {"date": "2026-08-31"}))
        assert (part.name, part.billed_through, part.is_complete) == ("2026-08", date(2026, 8, 3), False)
        assert part.stated == (
            "August 2026 is not over: billed are the days through Mon 3 Aug 2026. A minimum is topped up when the "
            "month is whole.",
        )
        assert part.subject.endswith(" so far")
        assert (billed(part, "unit"), billed(part, "minimum"), part.restated) == (4, 0, 0)
        go_to(house, date(2026, 8, 31))
        whole = report_of(house, house.job(EOM, NOBODY_CLOSED))
        assert (whole.version, whole.replaces, whole.is_complete, whole.restated) == (2, 1, True, 0)
        assert (billed(whole, "unit"), billed(whole, "minimum") > 0) == (4, True)


# The self-check


def test_errors_block_and_name_themselves_until_they_are_mended(tmp_path: Path) -> None:
    with before_july(tmp_path) as house:
        go_to(house, FRIDAY)
        shipped(house, 3, cost=Decimal("10.00"))
        house.wait(1)
        job = house.job(EOM, {"reason": "A reason does not help against errors."})
        assert str(job.error).startswith("July 2026 cannot be billed. The rate card has no rate 'order' for any of")
        assert "17612 has no units per pallet, so its pallets cannot be billed." in str(job.error)
        assert states(house, "eom.1")["check"] == "failed"
        assert closings.closed(house.app.db.read(), "eom", JULY) is None
        # Tried again, it reads what happened meanwhile. What comes up after the check blocks, and nothing is kept.
        rated(house, RATES)
        on_pallets(house, 50)
        house.world.void(newest_label(house))
        house.wait(1)
        with just_before(house, "charges", lambda: on_pallets(house, None)):
            assert "17612 has no units per pallet" in str(try_again(house, "eom.1").error)
        assert states(house, "eom.1")["charges"] == "failed"
        assert house.rows("SELECT count(*) FROM charge_report") == [(0,)]
        on_pallets(house, 50)
        one = closed(house, try_again(house, "eom.1"))
        assert (one.version, one.as_of) == (1, house.clock.now())
        assert billed(report_of(house, jobs_job(house, "eom.1")), "void") == -10
        assert (versions(house, "eod", FRIDAY), versions(house, "eow", MONDAY)) == ([1], [1])


def jobs_job(house: House, job_id: str) -> jobs.Job:
    found = jobs.job(house.app.db.read(), job_id)
    assert found is not None
    return found


def test_warnings_want_a_reason_that_is_kept_with_who_pressed(house: House) -> None:
    shipped(house, 3, cost=Decimal(0))
    house.wait(1)
    job = house.job(EOM)
    number = house.rows("SELECT order_number FROM orders_inbox")[0][0]
    odd = f"1 label cost nothing in ShipStation, such as that of order {number}."
    assert job.error == f"Billing it all the same wants a written reason. {odd}"
    made = report_of(house, house.app.run_now(EOM, {"reason": "  The client sent its own label. "}, "Ann"))
    assert (made.warnings, made.reason, made.reviewed_by) == ((odd,), "The client sent its own label.", "Ann")
    assert odd in closings_of(house, "eom", JULY).stated
    audited = house.rows("SELECT changed_by, subject, after FROM audit_log WHERE action = 'month billed with warnings'")
    assert audited == [("Ann", "2026-07-v1", "The client sent its own label.")]


# What changes later


def test_what_changes_later_is_billed_once_with_the_next_month_and_changes_nothing_issued(tmp_path: Path) -> None:
    """I8."""
    with in_july(tmp_path) as house:
        go_to(house, FRIDAY)
        shipped(house, 3, cost=Decimal("10.00"))
        label = newest_label(house)
        shipped(house, 4, cost=Decimal("20.00"))
        house.wait(1)
        issued = closed(house, house.job(EOM))
        documents = kept(house)
        with failing_at(house, EOM, "report"):
            house.job(EOM)  # a second version, frozen and left lying
        go_to(house, date(2026, 8, 5))
        house.world.void(label)
        shipped(house, 5, cost=Decimal("7.00"))
        go_to(house, date(2026, 8, 31))
        house.sync(everything=True)
        august = report_of(house, house.job(EOM, NOBODY_CLOSED))
        (restated,) = august.restatements
        assert (restated.month, restated.billed_by) == (JULY, "2026-07-v1")
        assert {one.difference.key.charge: one.amount for one in restated.lines} == {
            "void": -10, "order": -5, "unit": -3, "minimum": 8,
        }  # fmt: skip
        assert august.restated == restated.amount == -10
        (why,) = [one.causes for one in restated.lines if one.difference.key.charge == "void"]
        assert why[0].endswith("was voided on Wed 5 Aug 2026.")
        assert closings_of(house, "eom", JULY) == issued
        assert kept(house) == documents
        again = report_of(house, house.job(EOM, NOBODY_CLOSED))
        assert (again.version, again.restated, again.total) == (2, august.restated, august.total)
        # July itself is settled, for a new press and for the attempt that was left lying.
        for refused in (house.job(EOM, {"date": "2026-07-31"}), try_again(house, "eom.2")):
            assert refused.error == (
                "What has changed of July 2026 was billed with August 2026 already. What changes from now on is billed "
                "with the next month."
            )
        assert (versions(house, "eom", JULY), versions(house, "eom", AUGUST)) == ([1], [2, 1])
        assert list(invariants.broken(house.app.db.read())) == []


def test_an_attempt_that_was_left_lying_is_not_closed_once_the_same_was_billed_otherwise(house: House) -> None:
    shipped(house, 3, cost=Decimal("10.00"))
    house.wait(1)
    closed(house, house.job(EOM))
    go_to(house, date(2026, 8, 5))
    house.world.void(newest_label(house))
    go_to(house, date(2026, 8, 31))
    with failing_at(house, EOM, "report"):
        house.job(EOM, NOBODY_CLOSED)  # it gives back what July billed for the label
    july = report_of(house, house.job(EOM, {"date": "2026-07-31"}))
    assert (july.version, billed(july, "void")) == (2, -10)
    assert try_again(house, "eom.2").error == (
        "What has changed of July 2026 was billed otherwise since this was made. Close August 2026 anew; version 1 "
        "stays as it is and is not closed."
    )
    august = report_of(house, house.job(EOM, NOBODY_CLOSED))
    assert (august.version, august.restatements) == (2, ())


# Once issued


def test_tried_again_nothing_is_computed_again_and_what_was_kept_is_mailed(house: House) -> None:
    set_(house, CHARGE_REPORT_RECIPIENTS, "office@example.com, brand@example.com")
    closed(house, house.job(EOW))
    door = with_mail(house)
    house.wait(1)
    shipped(house, 3)
    house.wait(1)
    with failing_at(house, EOM, "report"):
        assert house.job(EOM).error == "Too little space."
    begun, documents = closings.closing_of(house.app.db.read(), "eom.1"), kept(house)
    assert begun is not None
    assert (begun.closed_at, begun.version, sorted(documents)) == (None, None, DOCUMENTS)
    # Much changes meanwhile.
    shipped(house, 40)
    set_(house, FIRM, "Another Firm")
    house.wait(60)
    house.sync()
    one = closed(house, try_again(house, "eom.1"))
    assert (one.version, one.content, one.content_hash) == (1, begun.content, begun.content_hash)
    assert kept(house) == documents
    (sent,) = door.mails
    assert (sent.mail_key, sent.recipients) == (KEY, ("office@example.com", "brand@example.com"))
    assert sent.subject == "[sandbox] July 2026: 281.80 USD, 1 order"
    assert "/end_of_month?month=2026-07" in sent.text
    assert {file.name: file.content for file in sent.files} == {
        name: content for name, content in documents.items() if not name.endswith(".csv")
    }
    assert step_result(house, "eom.1", "mail") == {"recipients": 2, "status": "sent", "mail": KEY}


def with_service(house: House, service: MailService, *, patience_s: float = 30.0) -> None:
    house.app.settings = load_settings(MAIL, None)
    house.app.doors["mail"] = SendGrid(service.url, "SG.key", answer_timeout_s=patience_s)  # type: ignore[index]


def test_a_mail_that_is_refused_lost_or_slow_closes_the_month_and_never_goes_twice(house: House) -> None:
    """I7."""
    closed(house, house.job(EOW))
    with a_mail_service(status=401, body=b'{"errors": [{"message": "Maximum credits exceeded"}]}') as service:

        def pressed(status: str, mails: int) -> closings.Closing:
            job = house.job(EOM)
            assert step_result(house, job.job_id, "mail")["status"] == status
            house.wait(60)
            house.job(mail.KIND)
            assert len(service.mails) == mails
            return closed(house, job)

        with_service(house, service)
        issued, documents = pressed("failed", 1), kept(house)
        # A person sends it again; nothing is worked out anew for it.
        service.status = 202
        assert mail.decide(house.app.db, KEY, send_again=True, by="Bob", now=house.clock.now())
        house.job(mail.KIND)
        assert len(service.mails) == 2
        assert (closings_of(house, "eom", JULY), kept(house)) == (issued, documents)

        service.hangs_up = True
        assert pressed("unknown", 3).version == 2
        service.hangs_up, asked_enough = False, Event()
        service.on_mail = lambda: asked_enough.wait(0.5) and None
        with_service(house, service, patience_s=0.1)
        assert pressed("unknown", 4).version == 3
    statuses = {one.mail_key: one.status for one in outbox.latest(house.app.db.read())}
    assert statuses == {KEY: "sent", KEY.replace("v1", "v2"): "unknown", KEY.replace("v1", "v3"): "unknown"}
