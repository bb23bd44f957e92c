"""Sandbox: what this made-up warehouse is, and the buttons that hurry it, break it and mend it."""

from collections.abc import Callable
from functools import partial

import streamlit as st

from shipsync import runtime
from shipsync.web import actions, words
from shipsync.web.job_panel import job_panel
from shipsync.web.links import PAGES
from shipsync.web.roles import Role, require

LOOP = ("xml-import", "shipstation-upload", "shipstation-sync")
FEW, MANY = 5, 50
BROUGHT_IN = "Import, upload and sync, one after the other:"

require(Role.OPERATOR)
st.title("Sandbox")
app = runtime.app()
if app.sandbox is None:
    st.info(
        "There is no sandbox: shipsync works with a ShipStation account here. Started without ShipStation settings and "
        "on a database of its own, it would run against a made-up warehouse."
    )
    st.page_link(PAGES / "settings.py", label="See the settings")
    st.stop()
panel = app.sandbox.panel
is_past = app.past is not None


def _hurry(deed: Callable[[], str]) -> None:
    require(Role.OPERATOR)
    st.session_state["sandbox_said"] = deed()


def _bring_in() -> None:
    for kind in LOOP:
        actions.press(kind)
    st.session_state["sandbox_said"] = BROUGHT_IN


def _switch(trouble: str) -> None:
    require(Role.OPERATOR)
    st.session_state.pop("sandbox_said", None)  # of an earlier press; what is broken says itself
    panel.switch(trouble, on=bool(st.session_state[f"sandbox_{trouble}"]))


def _mend() -> None:
    require(Role.OPERATOR)
    panel.mend()
    st.session_state["sandbox_said"] = "All is well again. The next runs bring in what was left undone."


@st.fragment(run_every=1.0, key="sandbox_live")
def _live() -> None:
    """The world as it stands now."""
    now = panel.standing()
    st.caption(
        "A made-up shop and warehouse with a ShipStation of its own, on this computer. Nothing in it is real, and "
        f"nothing leaves the machine. There it is **{words.moment(now.instant)}**."
    )
    figures = (
        ("Orders at ShipStation", now.orders),
        ("Await shipment", now.awaiting),
        ("On hold", now.on_hold),
        ("Came in today", now.came_in_today),
        ("Labels today", now.labels_today),
    )
    with st.container(horizontal=True, gap="large"):
        for label, amount in figures:
            st.metric(label, words.number(amount), width="content")
    for sentence in now.broken:
        st.warning(sentence, icon=":material/warning:")
    if not now.broken:
        st.success("Nothing is broken.", icon=":material/check_circle:")


@st.fragment(run_every=1.0, key="sandbox_jobs")
def _jobs() -> None:
    """What was asked for here, where the button is."""
    for kind in LOOP:
        job_panel(kind, key=f"sandbox_job_{kind}")


_live()
if is_past:
    st.info("Its past is still being brought in. The buttons work once that is done.")
said = st.session_state.get("sandbox_said")
if said:
    with st.container(border=True):
        st.markdown(words.plain(said))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button("Import, upload and sync now", on_click=_bring_in, disabled=is_past, key="sandbox_bring_in")
            st.page_link(PAGES / "today.py", label="Today")
            st.page_link(PAGES / "sync.py", label="Sync")
            st.page_link(PAGES / "jobs.py", label="Jobs")
    if said == BROUGHT_IN:
        _jobs()

hurry, breaking = st.columns([2, 3], gap="large")
with hurry:
    st.subheader("Hurry")
    st.caption("People do now what they would do later. It shows here after the next import, upload and sync.")
    amount = int(st.number_input("Orders at once", 1, MANY, FEW, key="sandbox_amount", disabled=is_past))
    deeds: tuple[tuple[str, str, Callable[[], str]], ...] = (
        (
            "sell",
            f"{words.count(amount, 'customer orders', 'customers order')} in the shop",
            partial(panel.sell, amount),
        ),
        ("type", f"Type {words.count(amount, 'order')} into ShipStation", partial(panel.type_orders, amount)),
        ("pack", "Pack and label all that waits", panel.pack_all),
        ("void", "Void the newest label", panel.void_newest),
        ("hold", "Put the newest order on hold", panel.hold_one),
        ("unknown", "Sell a bundle nobody knows", panel.sell_unknown_bundle),
    )
    for name, label, deed in deeds:
        st.button(label, on_click=_hurry, args=[deed], disabled=is_past, key=f"sandbox_do_{name}", width="stretch")
with breaking:
    st.subheader("Break")
    st.caption("Each holds until it is switched off, or shipsync is started again. Orders are never lost by it.")
    for name, trouble in panel.troubles.items():
        st.session_state[f"sandbox_{name}"] = name in panel.broken
        st.toggle(
            trouble.label, key=f"sandbox_{name}", on_change=_switch, args=[name], help=trouble.follows, disabled=is_past
        )
    st.subheader("Mend")
    st.button(
        "Make all well again", on_click=_mend, disabled=is_past or not panel.broken, key="sandbox_mend", type="primary"
    )
