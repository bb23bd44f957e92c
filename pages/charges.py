"""Charges: what a month comes to, day by day, each figure down to its labels, orders, units and pallets."""

import streamlit as st

from shipsync import runtime
from shipsync.rules.months import month_name, month_named, month_words
from shipsync.web import person, words
from shipsync.web.answers import ask
from shipsync.web.charge_charts import course_chart, day_chart
from shipsync.web.charge_extras import added_lines
from shipsync.web.charge_figures import month_figures, month_needs
from shipsync.web.charge_month import MonthView, month_view, months_offered
from shipsync.web.charge_rows import rows_behind
from shipsync.web.charge_tables import day_table, service_table, unused_table
from shipsync.web.closing_state import today
from shipsync.web.links import link
from shipsync.web.roles import Role, may, require

_MONTH = "charges_month"

require(Role.VIEWER)
st.title("Charges")


def _chosen() -> MonthView:
    """The month that the address names; this one so far where it names none that is offered."""
    names = {month_name(one): one for one in ask(months_offered, today())}
    now = month_name(today())
    # Not bound to the address: a binding writes what is shown there, and not what it stands for.
    asked = st.query_params.get("month", now)
    st.session_state.setdefault(_MONTH, asked if asked in names else now)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = st.selectbox(
            "Month",
            list(names),
            format_func=lambda one: month_words(names[one]) + (" so far" if one == now else ""),
            key=_MONTH,
            on_change=_remember,
            width=260,
        )
        link("end_of_month", "End of month")
    return ask(month_view, month_named(name), today(), words.zone())


def _remember() -> None:
    """Put another month into the address; what was open of a day goes."""
    st.query_params["month"] = st.session_state[_MONTH]
    st.query_params.pop("day", None)


@st.fragment(run_every=5.0, key="charges_live")
def _live(view: MonthView) -> None:
    """Draw the page anew once a figure of it is another one."""
    if ask(month_view, view.month, today(), words.zone()) != view:
        st.rerun()


if runtime.app().past is not None:
    st.info("Charges are told once the past of this warehouse is in.")
    st.stop()
if may(Role.OPERATOR):
    person.name_line("charges")
view = _chosen()
month_needs(view)
month_figures(view)
left, right = st.columns(2, gap="large")
with left:
    day_chart(view)
with right:
    course_chart(view)
day_table(view)
rows_behind(view)
service_table(view)
unused_table(view)
added_lines(view)
_live(view)
