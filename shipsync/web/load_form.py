"""The form by which a person loads a CSV file: all of it, or nothing and every bad line named."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from shipsync.web import catalogue, words

_PROBLEMS_SHOWN = 20


def load_form(what: str, columns: Sequence[str], caption: str, on_loaded: Callable[[str], None]) -> None:
    """Draw it for one kind of file; `on_loaded` hears what came of it, in a sentence, before the page is drawn anew."""
    named = what.replace("-", " ")
    st.caption(f"Columns `{','.join(columns)}`. {caption}")
    with st.form(f"imports_{what}_load_form", border=False, clear_on_submit=False):
        file = st.file_uploader("CSV file", type=["csv"], key=f"imports_{what}_file", max_upload_size=16)
        pressed = st.form_submit_button(f"Load {named}", key=f"imports_{what}_load")
    if pressed and file is None:
        st.warning("Choose a file first.")
    elif pressed and file is not None:
        answer = catalogue.load_csv(what, file.name, file.getvalue())
        if answer.problems:
            problems(f"{words.plain(file.name)}: nothing was loaded.", answer.problems)
        else:
            on_loaded(answer.said)
            st.rerun()


def problems(headline: str, told: Sequence[str]) -> None:
    """Say what was wrong, a line for each problem."""
    lines = [f"- {words.plain(problem)}" for problem in told[:_PROBLEMS_SHOWN]]
    if len(told) > _PROBLEMS_SHOWN:
        lines.append(f"- and {len(told) - _PROBLEMS_SHOWN:,} more")
    st.error(headline + "\n" + "\n".join(lines))
