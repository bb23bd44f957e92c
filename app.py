"""Starts shipsync: `make run`, `python app.py` or `streamlit run app.py`. Everything else is in shipsync/web/."""

from __future__ import annotations

import streamlit as st

from shipsync.web import server, trouble

# The page script must not lie beside pages/: there a first visit to a deep link would run the page past its frame.
app = st.App(server.PAGE_SCRIPT, lifespan=server.lifespan, routes=server.routes(), on_script_error=trouble.show)

if __name__ == "__main__":
    server.run(app)
