"""Going from one page to another on a press inside a live part of the page.

    press in a fragment -> open_page(...) -> the whole script runs again -> go_on() switches, before anything is drawn

`st.switch_page` straight from a timer fragment breaks the browser's side in four of ten presses (measured with
Streamlit 1.67, "Bad delta path index"): a tick that was on its way draws into the page that has just come.
"""

from __future__ import annotations

from typing import NoReturn

import streamlit as st

from shipsync.web.links import PAGES

_ASKED = "opening_asked"


def open_page(name: str, **query: str) -> NoReturn:
    """Show another page, from wherever this is called. `query` becomes its address."""
    st.session_state[_ASKED] = (name, query)
    st.rerun(scope="app")


def open_here(**query: str) -> NoReturn:
    """Show something else on the page that is open: what is in `query` is set in its address, the rest of it stays."""
    st.query_params.update(query)
    st.rerun(scope="app")


def go_on() -> None:
    """Go to the page that was asked for, if one was. The frame calls it, before it draws."""
    asked = st.session_state.pop(_ASKED, None)
    if asked is not None:
        name, query = asked
        st.switch_page(PAGES / f"{name}.py", query_params=query)
