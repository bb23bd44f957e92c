"""The frame around every page: the menu, the line that says how fresh the numbers are, and the sandbox's banner."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from shipsync import runtime
from shipsync.desk.here import sync_state
from shipsync.rules.freshness import freshness
from shipsync.store import overview
from shipsync.web import words
from shipsync.web.alert_list import alert_line
from shipsync.web.answers import ask
from shipsync.web.links import PAGES
from shipsync.web.opening import go_on
from shipsync.web.roles import Role, require

LOGO = Path(__file__).parent / "logo.svg"


def main() -> None:
    """Draw one visit: frame first, then the page that was asked for."""
    st.set_page_config(page_title="shipsync", page_icon="📦", layout="wide")
    st.logo(LOGO, size="large")
    page = st.navigation(_menu())
    require(Role.VIEWER)
    go_on()
    _top_line(page.title)
    page.run()


def _menu() -> dict[str, list[StreamlitPage]]:
    def one(
        name: str, title: str, icon: str, *, url: str | None = None, default: bool = False, hidden: bool = False
    ) -> StreamlitPage:
        return st.Page(
            PAGES / f"{name}.py",
            title=title,
            icon=f":material/{icon}:",
            default=default,
            url_path=url or name,
            visibility="hidden" if hidden else "visible",
        )

    menu = {
        "Work": [
            one("today", "Today", "today", url="home", default=True),
            one("today", "Today", "today", hidden=True),  # the default page answers at / only
            one("orders", "Orders", "receipt_long"),
            one("order", "Order", "receipt", hidden=True),
            one("end_of_day", "End of day", "event_available"),
            one("count", "Count", "inventory"),
            one("end_of_week", "End of week", "date_range"),
            one("end_of_month", "End of month", "calendar_month"),
        ],
        "Numbers": [
            one("inventory", "Inventory", "warehouse"),
            one("charges", "Charges", "payments"),
        ],
        "System": [
            one("sync", "Sync", "sync"),
            one("parity", "Parity", "compare_arrows"),
            one("jobs", "Jobs", "checklist"),
            one("imports", "Imports", "upload_file"),
            one("settings", "Settings", "settings"),
        ],
    }
    if runtime.app().settings.is_sandbox:
        menu["System"].append(one("sandbox", "Sandbox", "science"))
    return menu


@st.fragment(run_every=timedelta(seconds=1), key="frame_freshness")
def _top_line(title: str) -> None:
    """One line, live: how far the numbers are complete and when they move next; below it what stands against them."""
    app = runtime.app()
    past = app.past
    if past is not None:
        st.progress(past.done / past.total if past.total else 0.0, text=past.sentence)
        return
    now = app.now()
    facts = ask(overview.facts)
    sync = sync_state(app, facts)
    told = freshness(sync, now)
    counted = ask(overview.order_census)
    parts = [
        words.state(told.state),
        f"Complete through **{words.clock(sync.complete_through)}**",
        f"{counted.here:,} of {words.count(counted.seen, 'order')}",
    ]
    if sync.next_at is not None:
        parts.append(f"next sync {words.until(sync.next_at, now)}")
    with st.container(horizontal=True, horizontal_alignment="distribute", vertical_alignment="center"):
        st.markdown(
            " · ".join(parts),
            width="content",
            help=f"Read whole through {words.moment(sync.complete_through)}. The count: orders that are in, of all "
            "that belong here; the rest is held for a person.",
        )
        if app.settings.is_sandbox:
            st.page_link(
                PAGES / "sandbox.py",
                label="Sandbox: a made-up warehouse. Hurry it, break it, mend it",
                icon=":material/science:",
                width="content",
            )
    if told.cause:
        sign = "red" if told.state == "stopped" else "orange"
        st.page_link(PAGES / "sync.py", label=f":{sign}[{words.plain(told.cause)}]", icon=":material/arrow_forward:")
    if title != "Today":  # which lists them itself
        alert_line()
