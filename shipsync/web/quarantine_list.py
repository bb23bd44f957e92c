"""The records that need a person: by trouble, each with why, what next, the raw record and the ways out."""

from __future__ import annotations

import json
from datetime import datetime

import streamlit as st

from shipsync import runtime
from shipsync.desk.here import SYNC
from shipsync.rules.quarantine import case_of, retry_of
from shipsync.store import quarantine as store
from shipsync.store.quarantine import Closed, Group, Shown
from shipsync.web import mending, words
from shipsync.web.answers import ask
from shipsync.web.job_panel import job_panel
from shipsync.web.links import PAGES
from shipsync.web.roles import Role, may
from shipsync.web.tables import Column, table

FIRST, MORE = 10, 20
CLOSED_SHOWN = 50
CLOSED_COLUMNS = (
    Column("order_number", "Order"),
    Column("trouble", "What was wrong"),
    Column("first_seen_at", "Since", "instant"),
    Column("resolved_at", "Closed at", "instant"),
    Column("resolution", "How", width=420),
    Column("entity_id", "Record"),
)

# Under this name a session remembers which held record is being taken over.
_TAKING_OVER = "quarantine_taking_over"
_RAW_SHOWN = "quarantine_raw_shown"
_LIMITS = "quarantine_limits"


@st.fragment(run_every=2.0, key="quarantine_live")
def quarantine_list() -> None:
    """Everything that is open, live; then what was closed last."""
    groups = ask(store.open_groups)
    now = runtime.app().now()
    retried = st.session_state.get(mending.RETRIED)
    if retried not in (None, SYNC):  # the sync's own panel stands on top of the page
        job_panel(retried, key="quarantine_job")
    if not groups:
        st.success("Nothing is held, and nothing looks odd.")
    for place, group in enumerate(groups):
        _group(group, now, is_first=place == 0)
    closed = ask(store.lately_closed, CLOSED_SHOWN)
    if closed:
        st.subheader("Closed lately")
        table(
            [_closed(one) for one in closed], CLOSED_COLUMNS, key="quarantine_closed", file="closed-records", empty=""
        )
    if _TAKING_OVER in st.session_state:
        # Somebody has just pressed here, so no dialog is open that this could take away.
        st.rerun()


def take_over_dialog() -> None:
    """Ask for the reason, if somebody has pressed to take a record over. Called by the page before `quarantine_list`,
    which runs the page again until it was.
    """
    chosen = st.session_state.pop(_TAKING_OVER, None)
    if chosen is not None:
        _take_over(*chosen)


def _group(group: Group, now: datetime, *, is_first: bool) -> None:
    case = case_of(group.kind, group.reason)
    sign = words.state("warn").replace("warn", "held" if group.held else "a look")
    label = f"{sign} · **{case.title}** · {group.count:,} · oldest {words.ago(group.oldest_at, now)}"
    key = f"quarantine_{group.kind}_{group.reason}"
    shell = st.expander(label, expanded=is_first, key=key, on_change="rerun")
    if not shell.open:
        return
    with shell:
        st.markdown(f"**Why** {case.why}  \n**Next** {case.next}")
        if case.page is not None:
            st.page_link(PAGES / f"{case.page}.py", label=case.page.capitalize(), icon=":material/arrow_forward:")
        # Not by callbacks: in a fragment, what a callback draws takes the place of the whole page.
        are_retried = group.held and group.count > 1 and retry_of(group.kind, []) is not None and may(Role.OPERATOR)
        if are_retried and st.button(f"Retry all {group.count:,}", key=f"{key}_all"):
            mending.retry_all(group.kind, group.reason)
        limit = st.session_state.setdefault(_LIMITS, {}).get(key, FIRST)
        for one in ask(store.open_of, group.kind, group.reason, limit=limit):
            _record(one, now)
        if group.count > limit:
            more = min(MORE, group.count - limit)
            st.button(f"Show {more} more", key=f"{key}_more", on_click=_show_more, args=(key, limit + more))


def _show_more(key: str, limit: int) -> None:
    st.session_state[_LIMITS][key] = limit


def _record(one: Shown, now: datetime) -> None:
    key = f"quarantine_{one.kind}_{one.entity_id}"
    shown: set[str] = st.session_state.setdefault(_RAW_SHOWN, set())
    with st.container(border=True, gap="small"):
        st.markdown(words.plain(one.detail))
        tried = f" · tried {words.count(one.tries, 'time')}" if one.held else ""
        st.caption(f"since {words.moment(one.first_seen_at)}, {words.ago(one.first_seen_at, now)}{tried}")
        with st.container(horizontal=True, vertical_alignment="center"):
            can_retry = one.held and retry_of(one.kind, []) is not None and may(Role.OPERATOR)
            if can_retry and st.button("Retry", key=f"{key}_retry"):
                mending.retry_held(one.kind, [one.entity_id])
            if one.has_raw:
                is_shown = key in shown
                label = "Hide the raw record" if is_shown else "Raw record"
                st.button(label, key=f"{key}_raw", type="tertiary", on_click=_turn, args=(shown, key))
            if one.order_number:
                st.page_link(
                    PAGES / "orders.py",
                    label=f"Order {words.plain(one.order_number)}",
                    query_params={"q": one.order_number},
                )
            if may(Role.OPERATOR):
                _way_out(one, key)
        if key in shown:
            st.code(_pretty(ask(store.raw_of, one.kind, one.entity_id)), language="json", height=320)


def _way_out(one: Shown, key: str) -> None:
    if one.held:
        st.button("Take over by hand", key=f"{key}_take", type="tertiary", on_click=_choose, args=(one,))
    elif st.button(
        "It is fine, close it",
        key=f"{key}_close",
        type="tertiary",
        help="It comes back only with another trouble. Who closed it is kept.",
    ):
        mending.close_note(one.kind, one.entity_id)


def _choose(one: Shown) -> None:
    st.session_state[_TAKING_OVER] = (one.kind, one.entity_id, one.detail)


def _turn(shown: set[str], key: str) -> None:
    shown.symmetric_difference_update({key})


@st.dialog("Take it over by hand")
def _take_over(kind: str, entity_id: str, detail: str) -> None:
    st.markdown(words.plain(detail))
    st.markdown(
        "shipsync stops trying and shows it no more. What it stands for is not in the numbers here, unless it comes "
        "in well by itself later."
    )
    why = st.text_area("What is done by hand, and where", key="quarantine_why", max_chars=500)
    if st.button("I take it over", type="primary", key="quarantine_take_over"):
        wrong = mending.take_over(kind, entity_id, why)
        if wrong is not None:
            st.error(words.plain(wrong))
        else:
            st.rerun()


def _pretty(raw: str | None) -> str:
    """The record with line breaks; of a held API record only the record, not where it was found."""
    try:
        kept = json.loads(raw or "null")
    except ValueError:
        return raw or ""
    row = kept.get("row", kept) if isinstance(kept, dict) else kept
    return json.dumps(row, indent=2, ensure_ascii=False)


def _closed(one: Closed) -> dict[str, object]:
    return {
        "order_number": one.order_number,
        "trouble": case_of(one.kind, one.reason).title,
        "first_seen_at": one.first_seen_at,
        "resolved_at": one.resolved_at,
        "resolution": one.resolution,
        "entity_id": one.entity_id,
    }
