"""What needs a person, as every page and Today show it.

It is told from the database as it is now, not from the states the schedule keeps: a press that mends something is seen
at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import streamlit as st

from shipsync import runtime
from shipsync.rules.alerts import Facts
from shipsync.rules.lateness import CutOff
from shipsync.rules.needs import Need, needs
from shipsync.store import alerts as alerts_store
from shipsync.store import lateness, overview
from shipsync.web import words
from shipsync.web.answers import ask
from shipsync.web.links import PAGES, link
from shipsync.web.tables import Column, table

SHOWN = 12
HISTORY_SHOWN = 100
_LINE_LENGTH = 90
_EVENT_COLUMNS = (
    Column("changed_at", "When", "instant"),
    Column("state", "State", "state"),
    Column("text", "What was told then"),
)
_SIGNS = {"bad": ":red[■]", "warn": ":orange[▲]"}


def facts_now(now: datetime) -> Facts:
    """Everything that needs and alerts are told from, cheap enough for every tick."""
    app = runtime.app()
    return overview.told_now(
        ask(overview.facts), app.machine(), cut_off(), lambda before: ask(lateness.late, before), now
    )


def cut_off() -> CutOff | str:
    """By when orders have to go out, or the sentence that says why nobody can tell it."""
    return ask(overview.cut_off, words.zone())


def needs_now() -> list[Need]:
    """What needs a person at this moment, the worst first. Nothing while a sandbox's past is still coming in."""
    app = runtime.app()
    return [] if app.past is not None else needs(facts_now(app.now()), app.now())


def alert_line() -> None:
    """One line for the frame: how many things need a person, and the worst of them. Nothing while nothing does."""
    found = [need for need in needs_now() if not need.waits]
    if not found:
        return
    worst = found[0]
    # The state is enough here, if the cause and the next step are too much: Today has all of it.
    text = worst.text if len(worst.text) <= _LINE_LENGTH else worst.text.split(". ", 1)[0].removesuffix(".")
    if len(text) > _LINE_LENGTH:
        text = f"{text[:_LINE_LENGTH].rsplit(' ', 1)[0]} …"
    things = "1 thing needs a person" if len(found) == 1 else f"{len(found):,} things need a person"
    st.page_link(PAGES / "today.py", label=f"{_SIGNS[worst.level]} **{things}** · {words.plain(text)}")


def alert_list(found: Sequence[Need]) -> None:
    """The list on top of Today: one line each with one link. Nothing while there is nothing."""
    pressing = [need for need in found if not need.waits]
    if pressing:
        with st.container(border=True, gap="xsmall"):
            st.markdown(f"**Needs a person ({len(pressing):,})**")
            for need in pressing[:SHOWN]:
                _line(need, _SIGNS[need.level])
            if len(pressing) > SHOWN:
                st.caption(f"And {len(pressing) - SHOWN:,} more.")
    for need in found:
        if need.waits:
            st.caption(f"○ Watched: {words.plain(need.text)}")


def alert_history() -> None:
    """When alerts fired and ended, the newest first. Nothing while none ever did."""
    events = ask(alerts_store.events, HISTORY_SHOWN)
    if not events:
        return
    with st.expander("When alerts fired and ended"):
        table(events, _EVENT_COLUMNS, key="today_alert_events", file="alerts", empty="")


def _line(need: Need, sign: str) -> None:
    line, way = st.columns([4, 1], vertical_alignment="center")
    line.markdown(f"{sign} {words.plain(need.text)}")
    if need.place.page != "today":
        with way:
            link(need.place.page, need.place.label, **dict(need.place.query))
