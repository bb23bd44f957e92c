"""Settings: what a person may set here, what is set where shipsync is started, and who changed what."""

import streamlit as st

from shipsync import runtime
from shipsync.store import settings as settings_store
from shipsync.web import settings_forms, words
from shipsync.web.answers import ask
from shipsync.web.environment import environment
from shipsync.web.roles import Role, may, require
from shipsync.web.tables import Column, table

CHANGES_SHOWN = 200

require(Role.VIEWER)
st.title("Settings")
if not may(Role.ADMIN):
    st.caption("Changing settings needs the role admin.")

left, right = st.columns(2, gap="large")
with left:
    settings_forms.key_products()
    settings_forms.manual_orders()
    settings_forms.stock_changes()
    settings_forms.requests_share()
with right:
    settings_forms.working_day()
    settings_forms.mails()
    settings_forms.documents()
settings_forms.intervals()

st.subheader("Set where shipsync is started")
st.caption("In the environment or in the file `.env`; start shipsync again after a change. Secrets are never shown.")
table(
    environment(runtime.app()),
    (
        Column("what", "What"),
        Column("value", "Now"),
        Column("name", "Changed by"),
    ),
    key="settings_environment",
    file="environment",
    empty="",
    height="content",
)

st.subheader("Who changed what")
subject = st.text_input(
    "Only changes of",
    placeholder="a setting, a SKU, a workflow, a job",
    key="subject",
    bind="query-params",
)
found = subject.strip()
changes = ask(settings_store.audit_entries, found, CHANGES_SHOWN)
table(
    changes,
    (
        Column("changed_at", "When", "instant"),
        Column("changed_by", "Who"),
        Column("action", "What"),
        Column("subject", "Of"),
        Column("before", "Before"),
        Column("after", "After"),
    ),
    key="settings_audit",
    file="audit-log",
    empty=f"Nobody has changed anything called '{words.plain(found)}'."
    if found
    else "Nobody has changed anything yet.",
    all_rows=lambda: ask(settings_store.audit_entries, found),
)
if len(changes) == CHANGES_SHOWN:
    st.caption(f"The newest {CHANGES_SHOWN} of {ask(settings_store.count_audit_entries, found):,}; the CSV has all.")
