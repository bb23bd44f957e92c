"""The frame around every page: the menu, the line that says how fresh the numbers are, and the sandbox's banner."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from shipsync import runtime
from shipsync.rules.freshness import SyncState, freshness
from shipsync.store import overview
from shipsync.web import words
from shipsync.web.answers import ask
from shipsync.web.roles import Role, require

PAGES = Path(__file__).resolve().parents[2] / "pages"
LOGO = Path(__file__).parent / "logo.svg"
SYNC = "shipstation-sync"


def main() -> None:
    """Draw one visit: frame first, then the page that was asked for."""
    st.set_page_config(page_title="shipsync", page_icon="📦", layout="wide")
    st.logo(LOGO, size="large")
    page = st.navigation(_menu())
    require(Role.VIEWER)
    _freshness_line()
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
        ],
        "System": [
            one("sync", "Sync", "sync"),
            one("jobs", "Jobs", "checklist"),
            one("imports", "Imports", "upload_file"),
            one("settings", "Settings", "settings"),
        ],
    }
    if runtime.app().settings.is_sandbox:
        menu["System"].append(one("sandbox", "Sandbox", "science"))
    return menu


@st.fragment(run_every=timedelta(seconds=1), key="frame_freshness")
def _freshness_line() -> None:
    """One line, live: how far the numbers are complete, when they move next, and what stands against it."""
    app = runtime.app()
    now = app.now()
    sync = _sync_state(app)
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


def _sync_state(app: runtime.App) -> SyncState:
    facts = ask(overview.facts)
    interval = ask(overview.interval_minutes, SYNC)
    return SyncState(
        complete_through=facts.complete_through,
        is_enabled=facts.is_sync_enabled,
        interval=timedelta(minutes=interval) if interval else None,
        last_error=facts.last_failures.get(SYNC),
        next_at=app.schedule.next_at(SYNC),
        is_working=app.is_working,
    )
