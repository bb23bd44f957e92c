"""Count: the shelf against what the day's closing froze; blind, line by line, until its result becomes the stock."""

import streamlit as st

from shipsync import runtime
from shipsync.documents.count_sheet import HOW_TO_FILL_IN
from shipsync.store import counts
from shipsync.store.counts import Count
from shipsync.web import count_press as press
from shipsync.web import person, words
from shipsync.web.answers import ask
from shipsync.web.count_differences import (
    approvals_form,
    change_reason,
    how_it_came_about,
    lines_table,
    post_form,
    reasons_form,
    result_figures,
)
from shipsync.web.count_documents import result_button, sheet_button
from shipsync.web.count_lists import earlier_counts, open_counts, start_form
from shipsync.web.count_sheet_form import (
    another_line,
    counted_so_far,
    lines_by_step,
    progress,
    to_count,
    to_count_again,
)
from shipsync.web.entry_form import entry_form
from shipsync.web.links import link
from shipsync.web.roles import Role, may, require

require(Role.VIEWER)


@st.fragment(run_every=2.0, key="count_progress")
def _progress(count_id: str) -> None:
    progress(count_id)


def _front() -> None:
    st.title("Count")
    if runtime.app().past is not None:
        st.info("The first count can be made once the past is in.")
        return
    if may(Role.OPERATOR):
        person.name_line("count")
    under_way = open_counts()
    if may(Role.OPERATOR):
        start_form(is_main=not under_way)
    earlier_counts()


def _one(count: Count) -> None:
    # No link: one to the page itself leaves the count in its address, for the next reload.
    if st.button("All counts", key="count_all", type="tertiary", icon=":material/arrow_back:"):
        st.query_params.clear()
        st.rerun()
    st.title(f"Count {words.plain(count.count_id)}")
    against = f"{words.day(count.business_date)}, version {count.eod_version}: stock as of {words.moment(count.as_of)}"
    if count.status == "open":
        _open(count, against)
    else:
        _ended(count, against)


def _open(count: Count, against: str) -> None:
    count_id, may_count = count.count_id, may(Role.OPERATOR)
    if may_count:
        person.name_line("count")
    _progress(count_id)
    steps = lines_by_step(count_id)
    lines = ask(counts.lines, count_id)
    is_blind = bool(steps["count"] or steps["recount"])
    if is_blind:
        st.caption(f"{against}. {HOW_TO_FILL_IN[0]}")
        if may_count:
            if steps["count"]:
                to_count(count_id, steps["count"])
            if steps["recount"]:
                to_count_again(count_id, steps["recount"])
        else:
            st.info("It is being counted. What was found is shown once everything is.")
    else:
        st.caption(against)
        result_figures(lines)
        if may_count:
            reasons_form(count_id, steps["reason"])
            approvals_form(count_id, steps["approval"])
            if not (steps["reason"] or steps["approval"]):
                post_form(count, lines)
        lines_table(count, lines)
        how_it_came_about(count, lines)
        if may_count:
            change_reason(count_id, lines)
    if may_count:
        another_line(count_id, lines)
    counted_so_far(lines)
    with st.container(horizontal=True, vertical_alignment="center"):
        sheet_button(count)
        if may_count:
            _cancel(count_id)


def _ended(count: Count, against: str) -> None:
    # What the press that ended it said; the forms of the open count are gone.
    entry_form(f"count_post_{count.count_id}")
    entry_form(f"count_cancel_{count.count_id}")
    st.markdown(
        f"{words.state(count.status)} by {words.plain(count.ended_by or words.UNKNOWN)} on "
        f"{words.moment(count.ended_at)} · opened by {words.plain(count.opened_by)} on {words.moment(count.opened_at)}"
    )
    st.caption(against)
    lines = ask(counts.lines, count.count_id)
    result_figures(lines)
    if count.status == "posted":
        with st.container(horizontal=True, vertical_alignment="center"):
            result_button(count)
            link("inventory", "Inventory")
    lines_table(count, lines)
    if count.status == "posted":
        how_it_came_about(count, lines)
    counted_so_far(lines)


def _cancel(count_id: str) -> None:
    with st.popover("Cancel the count", type="tertiary"):
        st.markdown(
            "It is given up and changes nothing. What was counted is kept, and its products can be counted anew."
        )
        form = entry_form(f"count_cancel_{count_id}")
        with st.form(form.key("form"), border=False, enter_to_submit=False):
            by = person.name_field(form.key("by"))
            pressed = st.form_submit_button("Give this count up", key=form.key("save"))
        if pressed:
            form.enter(lambda: press.cancel(count_id, by), by)


asked = st.query_params.get("count", "").strip()
found = ask(counts.count, asked) if asked else None
if found is not None:
    _one(found)
else:
    if asked:
        st.info(f"There is no count {words.plain(asked)}. Every count is listed below.")
    _front()
