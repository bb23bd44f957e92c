"""The head of the page of the comparisons: where the deployment stands, its gates, and the newest figures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime

import streamlit as st

from shipsync import runtime
from shipsync.desk.parity import parity_summary
from shipsync.desk.parity_records import Compared, ParitySummary
from shipsync.desk.records import Gate
from shipsync.rules.deployment import NAMES
from shipsync.rules.freshness import in_words
from shipsync.rules.parity_verdicts import Mode
from shipsync.store import parity_page
from shipsync.store.cursor import Cursor
from shipsync.web import words
from shipsync.web.parity_press import REVIEW, change_button
from shipsync.web.parity_words import MODES, STATES, change_words, named, share
from shipsync.web.roles import Role, may
from shipsync.web.tables import Column, table

# Of a comparison: the figure, its name, and what it says.
_FIGURES = (
    ("finished_at", "When", "When it ended."),
    ("compared", "Compared", "Records that both sides have passed."),
    ("matched", "Equal", "Of these, the same on both sides."),
    ("rate", "Share equal", "Of what was compared."),
    ("bound", "May differ", "At most this share of all records differs, 95 % sure."),
    ("confirmed", "Confirmed", "Still there after both sides have passed it again."),
    ("suspect", "Suspect", "Differs; whether it is lag shows at the next pass."),
    ("stale_input", "Stale input", "The two sides hold different versions of the record."),
    ("transient", "Transient", "Was lag, and is gone."),
    ("explained", "Explained", "Meant to differ."),
    ("ignored", "Ignored", "By rules that two people agreed on."),
    ("pending", "Pending", "Not passed by both sides yet, so neither equal nor different."),
    ("overdue", "Overdue", "Pending for longer than the cap: one side stands still."),
)


def summary_now() -> ParitySummary:
    """How the two sides compare, of this minute; what has changed or was compared since then is in it at once.

    The gates count what was met in a whole lane: with 300,000 orders that takes 2.5 s of a processor (measured).
    """
    app = runtime.app()
    con, now = app.db.read(), app.now()
    return _summary(app.owner, parity_page.edition(con), now.replace(second=0, microsecond=0), _asked=(con, now))


@st.cache_data(max_entries=4, show_spinner=False)
def _summary(
    owner: str, edition: tuple[object, ...], minute: datetime, *, _asked: tuple[Cursor, datetime]
) -> ParitySummary:
    return parity_summary(*_asked)


def nothing_to_migrate(told: ParitySummary) -> None:
    """The page of a shipsync that never had legacy systems beside it."""
    st.info(
        "The unified sync writes production, and nothing is beside it: there is nothing to compare.",
        icon=":material/check_circle:",
    )
    st.markdown(
        "For the next change of the sync, put the legacy workflows beside it. They read the same account and write "
        "tables of their own; both are compared record by record, and what the change does otherwise stands here with "
        "its cause. Production is never touched by it. When nothing differs, end it again. A replay needs none of "
        "that: it gives what ShipStation has answered so far to both."
    )
    for one in told.gates:
        if one.result != "pass" and one.name != REVIEW:
            st.caption(f"Before that: {words.plain(one.words)}")
    _buttons(told)


def state_line(told: ParitySummary) -> None:
    """Where the deployment stands, since when and by whom, and what writes production."""
    since = ""
    if told.since is not None:
        ago = words.ago(told.since, runtime.app().now())
        since = f" since {words.moment(told.since)} ({ago}), by {words.plain(told.by or 'nobody')}"
    st.markdown(f"**{NAMES[told.state].capitalize()}**{since}.  \n{STATES[told.state]}")
    beside = f" · beside it: **{named(told.works_beside)}**" if told.works_beside else ""
    st.markdown(f"Production is written by **{named(told.writes_production)}**{beside}")


def trouble(told: ParitySummary) -> None:
    """What needs a person: differences that stand, records that one side misses, comparing that pauses."""
    found = told.counts
    if found is None:
        return
    if found.confirmed:
        st.error(
            f"{words.count(found.confirmed, 'record')} of {found.compared:,} {_differ(found.confirmed)}, and lag is "
            "ruled out. Look at Differences, by cause.",
            icon=":material/report:",
        )
    if found.overdue:
        st.warning(
            f"{words.count(found.overdue, 'record')} waited too long for one side: it stands still, or lags. "
            "See Sync for its last runs.",
            icon=":material/hourglass_top:",
        )
    if found.paused is not None:
        st.warning(f"Comparing pauses: {words.plain(found.paused)}. Find the cause, then compare by hand.")


def figures(told: ParitySummary) -> None:
    """The four figures of the comparison that counts in this state."""
    found = told.counts
    if found is None:
        st.caption("Nothing has been compared yet in this state.")
        return
    now = runtime.app().now()
    grid = st.grid(4, min_column_width=150, border=True)
    grid.metric(
        "Equal",
        share(found.match_rate),
        f"{found.matched:,} of {words.count(found.compared, 'record')}"
        if found.compared
        else "no record passed by both",
        delta_color="off",
        delta_arrow="off",
    )
    grid.metric(
        "Confirmed to differ",
        words.number(found.confirmed),
        f"{found.suspect:,} suspect, {found.stale_input:,} stale",
        delta_color="off",
        delta_arrow="off",
    )
    oldest = found.oldest_pending_at
    grid.metric(
        "Pending",
        words.number(found.pending),
        f"oldest {words.ago(oldest, now)}" if oldest is not None else "none waits" if not found.pending else "in time",
        delta_color="off",
        delta_arrow="off",
    )
    grid.metric(
        "May differ at most",
        share(found.upper_bound),
        f"95 % sure, n = {found.compared:,}",
        delta_color="off",
        delta_arrow="off",
        help="3/n where nothing differs: what was not seen among n records may still be rarer than this.",
    )
    noise = "not measured yet" if told.noise is None else words.count(told.noise, "difference")
    read = ""
    if found.control_at is not None and found.candidate_at is not None:
        behind = abs(found.control_at - found.candidate_at)
        turn = " A quiet list waits for its turn." if found.candidate_at < found.control_at else ""
        read = (
            f" Of all lists legacy had read through {words.clock(found.control_at)}, the unified sync through "
            f"{words.clock(found.candidate_at)}: {in_words(behind)} apart.{turn}"
        )
    st.caption(
        f"Compared {words.ago(found.finished_at, now)}, {MODES[found.mode]}.{_not_equal(found)}{read} Noise, which is "
        f"legacy against itself: {noise}."
    )


def _not_equal(found: Compared) -> str:
    """Why less than all is equal, where nothing has to be looked into."""
    reasons = [
        f"{amount:,} {reason}"
        for amount, reason in ((found.explained, "meant to differ"), (found.ignored, "ignored by a rule"))
        if amount
    ]
    return f" Not equal, and accounted for: {', '.join(reasons)}." if reasons else ""


def gate_list(told: ParitySummary) -> None:
    """The gates of the next change with their evidence, and when it may come at the earliest; then the buttons."""
    label, effect = change_words(told.next_change, told.state)
    st.subheader(f"Next: {label}")
    st.caption(effect)
    with st.container(border=True, gap="xsmall"):
        for one in told.gates:
            st.markdown(_gate(one))
    st.markdown(_when(told))
    _buttons(told)


def newest_table(told: ParitySummary) -> None:
    """The newest comparison of each mode with all its counts, one beside the other."""
    by_mode = {one.mode: _values(one) for one in told.newest}
    table(
        _beside(by_mode, _shown) if by_mode else [],
        (
            Column("name", "Figure"),
            *(Column(mode, MODES[mode].capitalize()) for mode in by_mode),
            Column("says", "What it says"),
        ),
        key="parity_newest",
        file="comparisons",
        empty="Nothing has been compared in this migration yet.",
        all_rows=lambda: _beside(by_mode, lambda value: value),
        height="content",
    )


def _beside(
    by_mode: Mapping[Mode, Mapping[str, object]], shown: Callable[[object], object]
) -> list[Mapping[str, object]]:
    return [
        {"name": name, "says": says} | {mode: shown(of_mode[field]) for mode, of_mode in by_mode.items()}
        for field, name, says in _FIGURES
    ]


def _values(one: Compared) -> Mapping[str, object]:
    return one.model_dump() | {"rate": share(one.match_rate), "bound": share(one.upper_bound)}


def _shown(value: object) -> object:
    if isinstance(value, datetime):
        return words.ago(value, runtime.app().now())  # a whole date is cut off in so narrow a column
    return words.number(value) if isinstance(value, int) else value


def _buttons(told: ParitySummary) -> None:
    state, change = told.state, told.next_change
    if not may(Role.ADMIN):
        st.caption("A change of it needs the role admin.")
        return
    # What the dialog asks for itself keeps nobody out of it.
    is_open = all(one.result == "pass" or one.name == REVIEW for one in told.gates)
    with st.container(horizontal=True):
        is_first = told.has_migrated or state != "done"
        change_button(
            change, state, key="parity_next", kind="primary" if is_first and is_open else "secondary",
            disabled=not is_open,
        )  # fmt: skip
        if state != "off" and told.has_migrated:
            change_button("rollback", state, key="parity_rollback", kind="secondary")


def _gate(one: Gate) -> str:
    at = ""
    if one.passes_at is not None:
        at = f" It may pass {words.moment(one.passes_at)} ({words.until(one.passes_at, runtime.app().now())})."
    # What the dialog asks for has not failed before it was asked.
    result = "open" if one.name == REVIEW and one.result != "pass" else one.result
    return f"{words.state(result)} · **{one.name}**: {words.plain(one.words)}{at}"


def _when(told: ParitySummary) -> str:
    if told.is_passed:
        return "Everything is passed: the change may be made now."
    if {one.name for one in told.gates if one.result != "pass"} == {REVIEW}:
        return "The press asks who has reviewed the plan."
    if told.may_pass_at is not None:
        return f"Only time is missing: it may be made from {words.moment(told.may_pass_at)} on."
    open_ = sum(1 for one in told.gates if one.result != "pass")
    return f"{open_} of {words.count(len(told.gates), 'gate')} {'is' if open_ == 1 else 'are'} not passed."


def _differ(many: int) -> str:
    return "differs" if many == 1 else "differ"
