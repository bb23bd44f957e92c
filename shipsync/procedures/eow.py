"""Closing a week: job kind `eow` (DESIGN D15, D16; plan, "EOW"). The weekly inventory report is its document.

1. day       the day is closed first, unless that has been done: today's for this week, the last working day's for one
             that is over.
2. weeks     the units of every week are counted anew, late changes of older weeks among them.
3. stock     averages, cover and alert levels.
4. report    ONE transaction: the figures are frozen, with their hash.
5. mail      the report is queued for its recipients, and sent as far as the mail service takes it. A mail that fails
             waits in the outbox; nothing is computed again for it.
6. archive   ONE transaction: the documents are kept, and the week is closed.

A failure leaves the week as open as it was, and a retry goes on after the last finished step. A press early in the
week, or in one with days off, is not refused: the report says so.
"""

from __future__ import annotations

from collections.abc import Iterator

from shipsync.documents import weekly_report, weekly_tables
from shipsync.documents.weekly_mail import mail_texts
from shipsync.errors import NotClosed
from shipsync.procedures import mail
from shipsync.procedures.closing import asked_date, begun, have_succeeded, known_through, standing_at, this_closing
from shipsync.procedures.inventory import recalculate
from shipsync.procedures.weekly_report import make
from shipsync.procedures.work import Procedure, Result, Step, Work
from shipsync.rules.letterhead import Letterhead
from shipsync.rules.mail import MailFile
from shipsync.rules.periods import business_date, day_words
from shipsync.rules.weekly_report import WeeklyReport
from shipsync.rules.weeks import week_ends, week_name, week_of
from shipsync.store import closing_documents, closings, outbox, weekly_history
from shipsync.store.closings import Closing
from shipsync.store.letterhead import letterhead
from shipsync.store.working_days import work_calendar

WORKFLOW = "eow"
DAY = "eod"
_MEDIA = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}


def day(work: Work) -> Result:
    """Step 1. Argument: `date`, any day of the week; today without one. Returns the week and the day it rests on."""
    monday = week_of(asked_date(work, week_of))
    begun(work, "eow", monday, week_ends(monday))
    today = business_date(this_closing(work).begun_at, work.settings.zone)
    rests_on = today if week_of(today) == monday else work_calendar(work.db.read()).closing_day(monday)
    done = closings.closed(work.db.read(), "eod", rests_on)
    if done is None:
        # A press of today's that waits already is the same.
        is_now = rests_on == business_date(work.now(), work.settings.zone)
        have_succeeded(work, DAY, {} if is_now else {"date": rests_on.isoformat()})
        done = closings.closed(work.db.read(), "eod", rests_on)
    if done is None:
        raise NotClosed(f"{day_words(rests_on)} could not be closed, and the week rests on it.")
    # Stock as far as it is known by now, like the units of the week: the day may have been closed hours ago.
    as_of = known_through(work, min(today, week_ends(monday)))
    with work.db.transaction() as con:
        work.lease.check(con)
        closings.stand_at(con, work.job_id, as_of)
    work.log(f"{week_name(monday)} rests on {rests_on}, version {done.version}, closed by {done.job_id}.")
    return {"week": monday.isoformat(), "rests on": rests_on.isoformat(), "closed by": done.job_id}


def weeks(work: Work) -> Result:
    """Step 2. Returns how many weeks' units are others than they were."""
    with work.db.transaction() as con:
        work.lease.check(con)
        covered = weekly_history.covered_since(con, work.settings.zone)
        changed = weekly_history.recount(con, covered, work.now())
    for monday, sku in changed:
        work.log(f"Units of {sku} in the week of {monday} are counted anew.")
    return {"changed": len(changed), "covered since": covered.isoformat() if covered is not None else None}


def stock(work: Work) -> Result:
    """Step 3. Returns how many products were recalculated."""
    zone, now = work.settings.zone, work.now()
    with work.db.transaction() as con:
        work.lease.check(con)
        done = recalculate(con, zone, known_through(work, business_date(now, zone)), now)
    work.count("SKUs updated", done.skus)
    return {"skus": done.skus}


def report(work: Work) -> Result:
    """Step 4. Returns the report's name, its headline and its hash."""
    closing = this_closing(work)
    if closing.content is not None:  # by an attempt that was cut off before it could say so
        made = frozen(closing)
    else:
        with work.db.transaction() as con:
            work.lease.check(con)
            version = closings.next_version(con, "eow", closing.period_start)
            made = make(con, closing.period_start, standing_at(work), version, work.settings.zone, work.now())
            closings.freeze(con, work.job_id, made.as_json(), made.content_hash)
    work.count("units shipped", made.units_shipped)
    work.log(f"{made.subject}. Version {made.version}.")
    return {"week": made.name, "version": made.version, "subject": made.subject, "hash": made.content_hash}


def mail_it(work: Work) -> Result:
    """Step 5. Returns to whom it goes, and how the sending stands."""
    made, con = frozen(this_closing(work)), work.db.read()
    return mail.mail_report(
        work,
        mail.WEEKLY_REPORT,
        made.name,
        made.version,
        lambda: mail_texts(made, _link(work, made)),
        lambda: documents(made, letterhead(con)),
    )


def archive(work: Work) -> Result:
    """Step 6. Returns the sentence that stands on the screen."""
    closing, now = this_closing(work), work.now()
    made = frozen(closing)
    if closing.closed_at is None:
        with work.db.transaction() as con:
            work.lease.check(con)
            # Those that were mailed, where they were: the letterhead may be another one since.
            for file in outbox.files(con, str(work.results["mail"].get("mail"))) or documents(made, letterhead(con)):
                closing_documents.keep(
                    con, "eow", closing.period_start, made.version, file.name, file.media_type, file.content, now
                )
            closings.close(
                con,
                work.job_id,
                made.version,
                records=made.units_shipped,
                sentence=made.subject,
                stated=made.stated,
                now=now,
            )
    work.log(f"{made.name} is closed, version {made.version}.")
    return {"week": made.name, "version": made.version, "sentence": made.subject, "stated": list(made.stated)}


PROCEDURE = Procedure(
    WORKFLOW,
    (
        Step("day", day),
        Step("weeks", weeks),
        Step("stock", stock),
        Step("report", report),
        Step("mail", mail_it),
        Step("archive", archive),
    ),
)


def frozen(closing: Closing) -> WeeklyReport:
    """The report as it was issued."""
    if closing.content is None:
        raise LookupError(f"the closing of job {closing.job_id} has no report")
    return WeeklyReport.from_json(closing.content)


def documents(made: WeeklyReport, head: Letterhead) -> Iterator[MailFile]:
    """The report as files, as they are mailed and kept: always the same for the same report and letterhead."""
    for ending, content in (
        ("pdf", weekly_report.pdf(made, firm=head.firm, paper=head.paper)),
        ("xlsx", weekly_tables.xlsx(made)),
        ("csv", weekly_tables.csv(made)),
    ):
        yield MailFile(f"shipsync-weekly-report-{made.name}-v{made.version}.{ending}", _MEDIA[ending], content)


def _link(work: Work, made: WeeklyReport) -> str:
    """Where the report stands. On the computer of shipsync: it listens to no other."""
    return f"http://127.0.0.1:{work.settings.port}/end_of_week?week={made.name}"
