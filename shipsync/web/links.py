"""Ways from one page to another. A link in Markdown would open a new tab, and with it a new session."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

PAGES = Path(__file__).resolve().parents[2] / "pages"


def link(page: str, label: str, **query: str) -> None:
    """Draw a link to a page of ours, with what stands in its address: `link("order", "700125", order=key)`."""
    st.page_link(
        PAGES / f"{page}.py",
        label=label,
        icon=":material/chevron_right:",
        width="content",
        query_params=query or None,
    )
