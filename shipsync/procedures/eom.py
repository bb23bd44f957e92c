"""Closing a month: job kind `eom` (DESIGN D15 to D17; plan, "EOM"). The invoice is its document.

1. week      the week is closed first, and with it the day, unless that has been done: this week and today for this
             month, the week and the last working day of one that is over.
2. check     one more sync, so that what was voided or mended meanwhile is known; then the self-check. An error blocks,
             warnings want a written reason: the argument `reason`.
3. charges   ONE transaction: checked once more; then the lines and all they rest on are frozen, and what has changed
             of months billed before.
4. report    ONE transaction: invoice, workbook and CSV are made and kept.
5. mail      the invoice is queued for its recipients, and sent as far as the mail service takes it.
6. archive   ONE transaction: the month is closed.

Whole days are billed up to the press, never the future: today too, because it is closed by then. What its later labels
cost is restated with the next month. A failure leaves the month as open as it was, and a retry goes on after the last
finished step.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from shipsync.documents import charge_report as papers
from shipsync.errors import NotClosed
from shipsync.procedures import charges, mail
from shipsync.procedures.charges import Issue, Month
from shipsync.procedures.closing import (
    asked_date,
    begun,
    have_succeeded,
    have_synced,
    known_through,
    standing_at,
    this_closing,
)
from shipsync.procedures.work import Procedure, Result, Step, Work
from shipsync.rules.charge_checks import errors, warnings
from shipsync.rules.charge_report import ChargeReport
from shipsync.rules.charges import LONGEST_REASON
from shipsync.rules.letterhead import Letterhead
from shipsync.rules.mail import MailFile
from shipsync.rules.months import (
    ASKS_THROUGH_DAY,
    month_before,
    month_ends,
    month_name,
    month_of,
    month_words,
    must_say_which,
)
from shipsync.rules.periods import business_date, day_words
from shipsync.rules.weeks import week_ends, week_name, week_of
from shipsync.store import charges as store
from shipsync.store import closing_documents, closings, parties
from shipsync.store.closings import Closing
from shipsync.store.cursor import Cursor
from shipsync.store.letterhead import letterhead
from shipsync.store.settings import audit

WORKFLOW = "eom"
WEEK: closings.Kind = "eow"
DAY: closings.Kind = "eod"
_MEDIA = {
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "csv": "text/csv",
}


def week(work: Work) -> Result:
    """Step 1. Argument: `date`, any day of the month. Returns the month and the last day that is billed."""
    month = _asked_month(work)
    _refuse_what_is_settled(work.db.read(), month)
    closing = begun(work, "eom", month, month_ends(month))
    through = min(business_date(closing.begun_at, work.settings.zone), month_ends(month))
    rests_on = charges.rests_on(work.db.read(), through, business_date(closing.begun_at, work.settings.zone))
    _have_closed(work, WEEK, week_of(through), week_ends(week_of(through)), through)
    _have_closed(work, DAY, rests_on, rests_on, rests_on)
    work.log(f"{month_words(month)} is billed through {day_words(through)}.")
    return {"month": month.isoformat(), "through": through.isoformat()}


def check(work: Work) -> Result:
    """Step 2. Argument: `reason`, why it is issued in spite of warnings. Returns the warnings.

    Tried again it syncs again, so that what was mended for it is known.
    """
    through, zone = _through(work), work.settings.zone
    have_synced(work)
    with work.db.transaction() as con:
        work.lease.check(con)
        closings.stand_at(con, work.job_id, known_through(work, through))
    con = work.db.read()
    month = charges.compute(con, month_of(through), through, standing_at(work), zone)
    odd = _checked(work, con, month)
    work.count("warnings", len(odd))
    return {"warnings": list(odd)}


def charge(work: Work) -> Result:
    """Step 3. Returns the report's headline, total and hash."""
    closing, zone, now = this_closing(work), work.settings.zone, work.now()
    if closing.content is None:  # else an attempt that was cut off had come so far
        through = _through(work)
        with work.db.transaction() as con:
            work.lease.check(con)
            month = charges.compute(con, closing.period_start, through, standing_at(work), zone)
            odd = _checked(work, con, month)
            before = closings.closed(con, "eom", closing.period_start)
            restated = charges.restatements(con, closing.period_start, zone)
            charges.freeze(con, work.job_id, month, restated, zone, now)
            issue = Issue(
                version=closings.next_version(con, "eom", closing.period_start),
                replaces=before.version if before is not None else None,
                parties=parties.parties(con),
                stated=tuple(_stated(closing.period_start, through, business_date(now, zone), before)),
                warnings=odd,
                reason=_reason(work) if odd else "",
                reviewed_by=work.requested_by,
            )
            made = charges.report(con, work.job_id, month, restated, issue, zone, now)
            closings.freeze(con, work.job_id, made.as_json(), made.content_hash)
            if odd:
                audit(con, work.requested_by, "month billed with warnings", made.number, None, made.reason, now)
        closing = this_closing(work)
    made = frozen(closing)
    work.count("lines", len(made.lines))
    work.log(f"{made.subject}. Version {made.version}, {len(made.lines):,} lines, restated {made.restated:,.2f}.")
    return {"month": made.name, "version": made.version, "subject": made.subject, "total": str(made.total),
            "hash": made.content_hash}  # fmt: skip


def report(work: Work) -> Result:
    """Step 4. Returns the names of the documents."""
    closing, now = this_closing(work), work.now()
    made = frozen(closing)
    kept = closing_documents.documents_of(work.db.read(), "eom", closing.period_start, made.version)
    if not kept:
        files = list(documents(work, made, letterhead(work.db.read())))
        with work.db.transaction() as con:
            work.lease.check(con)
            for one in files:
                closing_documents.keep(
                    con, "eom", closing.period_start, made.version, one.name, one.media_type, one.content, now
                )
        kept = closing_documents.documents_of(work.db.read(), "eom", closing.period_start, made.version)
    return {"documents": [one.name for one in kept]}


def mail_it(work: Work) -> Result:
    """Step 5. Returns to whom it goes, and how the sending stands."""
    closing = this_closing(work)
    made = frozen(closing)
    return mail.mail_report(
        work,
        mail.CHARGE_REPORT,
        made.name,
        made.version,
        lambda: papers.mail_texts(made, _link(work, made)),
        lambda: _kept_files(work, closing, made),
        check=lambda con: _refuse_if_billed_since(con, made),
    )


def archive(work: Work) -> Result:
    """Step 6. Returns the sentence that stands on the screen."""
    closing, now = this_closing(work), work.now()
    made = frozen(closing)
    sentence = f"Monthly charges ready: {made.subject}"
    if closing.closed_at is None:
        with work.db.transaction() as con:
            work.lease.check(con)
            _refuse_if_billed_since(con, made)
            closings.close(
                con,
                work.job_id,
                made.version,
                records=sum(one.orders for one in made.days),
                sentence=sentence,
                stated=[*made.stated, *made.warnings],
                now=now,
            )
    work.log(f"{made.name} is closed, version {made.version}.")
    return {"month": made.name, "version": made.version, "sentence": sentence, "total": str(made.total)}


PROCEDURE = Procedure(
    WORKFLOW,
    (
        Step("week", week),
        Step("check", check),
        Step("charges", charge),
        Step("report", report),
        Step("mail", mail_it),
        Step("archive", archive),
    ),
)


def frozen(closing: Closing) -> ChargeReport:
    """The report as it was issued."""
    if closing.content is None:
        raise LookupError(f"the closing of job {closing.job_id} has no report")
    return ChargeReport.from_json(closing.content)


def documents(work: Work, made: ChargeReport, head: Letterhead) -> Iterator[MailFile]:
    """The report as files: always the same for the same report and letterhead."""
    labels = store.frozen_labels(work.db.read(), work.job_id, made.month)
    for ending, content in (
        ("pdf", papers.pdf(made, paper=head.paper)),
        ("xlsx", papers.xlsx(made, labels)),
        ("csv", papers.csv(made)),
    ):
        yield MailFile(f"shipsync-invoice-{made.number}.{ending}", _MEDIA[ending], content)


def _asked_month(work: Work) -> date:
    """The month the job was asked for. Raises NotClosed where it might be either of two."""
    begun_before = closings.closing_of(work.db.read(), work.job_id)
    if begun_before is not None:
        return begun_before.period_start
    today = business_date(work.now(), work.settings.zone)
    if work.arguments.get("date") is None and must_say_which(today):
        this, last = month_of(today), month_before(month_of(today))
        raise NotClosed(
            f"Up to the {ASKS_THROUGH_DAY}th a press has to say which month it means: {month_words(last)} with the "
            f"date {month_ends(last)}, or {month_words(this)} so far with the date {today}."
        )
    return month_of(asked_date(work, month_of))


def _have_closed(work: Work, kind: closings.Kind, start: date, end: date, day: date) -> None:
    """Have the week or day from one date to another closed, unless it has been. It is asked for by `day`."""
    if closings.closed(work.db.read(), kind, start) is not None:
        return
    # A press of today's that waits already is the same.
    is_now = start <= business_date(work.now(), work.settings.zone) <= end
    have_succeeded(work, kind, {} if is_now else {"date": day.isoformat()})
    if closings.closed(work.db.read(), kind, start) is None:
        name = week_name(start) if kind == WEEK else day_words(start)
        raise NotClosed(f"{name} could not be closed, and the month rests on it.")


def _checked(work: Work, con: Cursor, month: Month) -> tuple[str, ...]:
    """What the self-check warns of. Raises NotClosed for an error, and for warnings without a reason."""
    name, found = month_words(month.facts.first), charges.self_check(con, month, work.settings.zone)
    for one in found:
        work.log(f"{one.severity}: {one.text}")
    if errors(found):
        raise NotClosed(f"{name} cannot be billed. {' '.join(one.text for one in errors(found))}")
    odd = tuple(one.text for one in warnings(found))
    if odd and not _reason(work):
        raise NotClosed(f"Billing it all the same wants a written reason. {' '.join(odd)}")
    return odd


# What is billed once


def _refuse_what_is_settled(con: Cursor, month: date) -> None:
    """Before anything is closed for it: a new version would bill again what a later month has billed."""
    for earlier, later in charges.settled(con, month):
        raise NotClosed(
            f"What has changed of {month_words(earlier)} was billed with {month_words(later)} already. What changes "
            "from now on is billed with the next month."
        )


def _refuse_if_billed_since(con: Cursor, made: ChargeReport) -> None:
    """An attempt may be gone on with long after: what it restates must still stand as it found it."""
    _refuse_what_is_settled(con, made.month)
    for one in made.restatements:
        newest = store.newest_billed(con, one.month)
        if newest is None or newest.period_start > made.month or _billed_by(con, one.month, made) != one.billed_by:
            raise NotClosed(
                f"What has changed of {month_words(one.month)} was billed otherwise since this was made. Close "
                f"{month_words(made.month)} anew; version {made.version} stays as it is and is not closed."
            )


def _billed_by(con: Cursor, month: date, made: ChargeReport) -> str:
    billed = store.newest_billed(con, month, before=made.month)
    return f"{month_name(billed.period_start)}-v{billed.version}" if billed is not None else ""


# Small things


def _through(work: Work) -> date:
    return date.fromisoformat(str(work.results["week"]["through"]))


def _reason(work: Work) -> str:
    return str(work.arguments.get("reason") or "").strip()[:LONGEST_REASON]


def _stated(month: date, through: date, issued_on: date, before: Closing | None) -> Iterator[str]:
    """What is unusual about a report, a sentence each."""
    if through < month_ends(month):
        yield (
            f"{month_words(month)} is not over: billed are the days through {day_words(through)}. "
            "A minimum is topped up when the month is whole."
        )
    elif issued_on == through:
        yield (
            f"{day_words(through)} is billed as it was closed; what leaves later that day is billed with the next "
            "month."
        )
    if before is not None and before.content is not None:
        was = ChargeReport.from_json(before.content)
        yield f"It replaces version {was.version}, which said {was.total:,.2f} {was.parties.currency}."


def _kept_files(work: Work, closing: Closing, made: ChargeReport) -> Iterator[MailFile]:
    """The invoice and the workbook as they were kept."""
    con = work.db.read()
    for head in closing_documents.documents_of(con, "eom", closing.period_start, made.version):
        found = closing_documents.document(con, "eom", closing.period_start, made.version, head.name)
        if found is not None and not head.name.endswith(".csv"):
            yield MailFile(head.name, head.media_type, found.content)


def _link(work: Work, made: ChargeReport) -> str:
    """Where the report stands. On the computer of shipsync: it listens to no other."""
    return f"http://127.0.0.1:{work.settings.port}/end_of_month?month={month_name(made.month)}"
