"""The counts: those that are open, the next one, and what earlier ones came to."""

from __future__ import annotations

import streamlit as st

from shipsync import runtime
from shipsync.documents.words import share
from shipsync.errors import Refused
from shipsync.rules.periods import business_date
from shipsync.store import closings, counts
from shipsync.store.closings import Closing
from shipsync.store.counts import Outcome
from shipsync.web import count_press as press
from shipsync.web import person, words
from shipsync.web.answers import ask
from shipsync.web.inventory_words import naming
from shipsync.web.links import link
from shipsync.web.opening import open_here
from shipsync.web.tables import Column, table

SHOWN = 30
COLUMNS = (
    Column("count_id", "Count"),
    Column("status", "State", "state"),
    Column("business_date", "Day", "date"),
    Column("eod_version", "Version", "number", help="Of the day's closing it is held against."),
    Column("lines", "Lines", "number"),
    Column("counted", "Counted", "number"),
    Column("differing", "Differing", "number"),
    Column("net", "Net variance", "number", help="Units counted less units expected, of the lines counted."),
    Column("accuracy", "Accuracy", help="Lines within tolerance, of lines counted."),
    Column("opened_by", "Opened by"),
    Column("opened_at", "Opened", "instant"),
    Column("ended_by", "Ended by"),
    Column("ended_at", "Ended", "instant"),
)


def open_counts() -> int:
    """The counts that are under way, each with a button to go on. How many there are."""
    under_way = [one for one in ask(counts.outcomes, SHOWN) if one.count.status == "open"]
    for place, one in enumerate(under_way):
        count = one.count
        with st.container(border=True):
            st.markdown(
                f"{words.state('open')} · **Count {count.count_id}** · {one.counted:,} of "
                f"{words.count(one.lines, 'line')} counted · opened by {words.plain(count.opened_by)} "
                f"{words.ago(count.opened_at, runtime.app().now())}"
            )
            kind = "primary" if place == 0 else "secondary"
            if st.button("Go on counting", type=kind, key=f"count_go_on_{count.count_id}"):  # type: ignore[arg-type]
                open_here(count=count.count_id)
    return len(under_way)


def start_form(*, is_main: bool) -> None:
    """Begin a count against the newest closed day. `is_main`: no other is under way."""
    closing = ask(closings.newest_closed, "eod")
    today = business_date(runtime.app().now(), words.zone())
    if closing is None or closing.as_of is None:
        st.info("No day has been closed yet, and a closing says what to expect on the shelf. Close the day first.")
        link("end_of_day", "Go to End of day")
        return
    with st.form("count_start_form", enter_to_submit=False):
        st.markdown(_against(closing))
        if closing.period_start != today:
            st.markdown(
                f":orange[▲] **{words.day(today)} is not closed.** What has been shipped since "
                f"{words.moment(closing.as_of)} counts as if it still stood on the shelf: close today first, and the "
                "count is simpler."
            )
        by = person.name_field("count_start_by")
        offered = sorted({one.sku for one in ask(closings.expected, closing.period_start, closing.version or 0)})
        chosen = st.multiselect(
            "Products", offered, format_func=naming(), key="count_start_skus", placeholder=f"All {len(offered):,}",
            help="Leave empty to count all of them. One that sells much is counted more often.",
        )  # fmt: skip
        pressed = st.form_submit_button("Start counting", type="primary" if is_main else "secondary", key="count_start")
    if closing.period_start != today:
        link("end_of_day", "Go to End of day")
    if pressed:
        try:
            count_id = press.start(closing.period_start, chosen, by)
        except Refused as error:
            st.error(words.plain(str(error)))
        else:
            person.remember(by)
            open_here(count=count_id)


def earlier_counts() -> None:
    """Every count, the newest first; a press opens what it came to."""
    found = ask(counts.outcomes, SHOWN)
    st.subheader("Every count")
    opened = table(
        [_row(one) for one in found],
        COLUMNS,
        key="count_earlier",
        file="counts",
        empty="Nothing has been counted yet.",
        all_rows=lambda: map(_row, counts.outcomes(runtime.app().db.read())),
        opens=True,
    )
    if opened is not None:
        open_here(count=found[opened].count.count_id)


def _against(closing: Closing) -> str:
    return (
        f"**Count against {words.day(closing.period_start)}, version {closing.version}**: what the ledger expects on "
        f"the shelf as of {words.moment(closing.as_of)}. What moves after that stays on top of the count."
    )


def _row(one: Outcome) -> dict[str, object]:
    count = one.count
    return {
        "count_id": count.count_id,
        "status": count.status,
        "business_date": count.business_date,
        "eod_version": count.eod_version,
        "lines": one.lines,
        "counted": one.counted,
        # A count is blind until it is over.
        "differing": None if count.status == "open" else one.differing,
        "net": None if count.status == "open" else one.net,
        "accuracy": None if count.status == "open" or not one.counted else share(one.within / one.counted),
        "opened_by": count.opened_by,
        "opened_at": count.opened_at,
        "ended_by": count.ended_by,
        "ended_at": count.ended_at,
    }
