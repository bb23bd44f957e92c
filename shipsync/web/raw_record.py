"""A record as it came from ShipStation, with where it stood and when it was answered."""

from __future__ import annotations

import streamlit as st

from shipsync.store.timeline import Raw
from shipsync.web import words


def raw_record(raw: Raw | None) -> None:
    """Show it, or say that its page is not kept."""
    if raw is None:
        st.caption("The page this record stood on is not kept.")
        return
    told = [f"The record as it came: {words.plain(raw.source)}"]
    if raw.answered_at is not None:
        told.append(f"answered {words.moment(raw.answered_at)}")
    if raw.run_id is not None:
        told.append(f"to {words.plain(raw.run_id)}")
    st.caption(", ".join(told))
    st.code(raw.record, language="json", height=400)
