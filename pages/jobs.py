"""Jobs."""

import streamlit as st

from shipsync.web.roles import Role, require

require(Role.VIEWER)
st.title("Jobs")
