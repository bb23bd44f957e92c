"""Starts shipsync as app.py does, for visitors who belong to no group: nothing may be shown to them."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

import streamlit as st

from shipsync.web import roles, server

roles.LOCAL = None  # type: ignore[assignment]
app = st.App(server.PAGE_SCRIPT, lifespan=server.lifespan, routes=server.routes())

if __name__ == "__main__":
    server.run(app)
