"""What stands on a page that could not be drawn: a sentence and a number, with which the log has the rest."""

from __future__ import annotations

import logging
import uuid

import streamlit as st

from shipsync.errors import ShipsyncError

log = logging.getLogger(__name__)


def show(error: Exception) -> bool:
    """Say it on the page instead of Streamlit's own box. True: that is all that is shown."""
    if isinstance(error, ShipsyncError):
        log.warning("a page could not be drawn: %s", error)
        st.error(str(error))
        return True
    number = uuid.uuid4().hex[:8]
    log.error("error %s while a page was drawn", number, exc_info=error)
    st.error(
        f"shipsync made a mistake while drawing this page. Reload it; jobs go on meanwhile. If it comes again, find "
        f"'error {number}' in the server's log and report what stands there."
    )
    return True
