"""The page script that Streamlit runs for every visit. It lies apart from pages/ on purpose (see app.py)."""

from shipsync.web import frame

frame.main()
