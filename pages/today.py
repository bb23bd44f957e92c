"""Today: what needs a person, how the day goes beside what is usual, and how the periods stand."""

from datetime import datetime

import plotly.graph_objects as go
import streamlit as st

from shipsync import runtime
from shipsync.rules import traffic
from shipsync.rules.periods import business_date
from shipsync.store import lateness, orders
from shipsync.store import traffic as traffic_store
from shipsync.web import words
from shipsync.web.alert_list import alert_history, alert_list, cut_off, needs_now
from shipsync.web.answers import ask
from shipsync.web.closing_cards import cards
from shipsync.web.closing_press import week_dialog
from shipsync.web.links import PAGES, link
from shipsync.web.month_press import month_dialog
from shipsync.web.opening import open_page
from shipsync.web.outbox_list import outbox_list
from shipsync.web.roles import Role, require
from shipsync.web.tables import Column, table

LATE_SHOWN = 50
# What the warehouse still has to do comes first.
STATES = ("awaiting_shipment", "pending", "uploaded", "on_hold", "awaiting_payment", "failed", "shipped", "cancelled")
LATE_COLUMNS = (
    Column("order_number", "Order"),
    Column("came_in_at", "Came in", "instant", help="By the date of the shop or of ShipStation."),
    Column("status", "State", "state"),
    Column("ship_name", "Ship to"),
    Column("ship_city", "City"),
    Column("requested_service", "Service asked for"),
    Column("source_system", "Source"),
)
HOUR_COLUMNS = (
    Column("hour", "Hour"),
    Column("came_in", "Came in", "number"),
    Column("shipped", "Shipped", "number"),
)

require(Role.VIEWER)
st.title("Today")


@st.fragment(run_every=1.0, key="today_live")
def _live() -> None:
    """What is seen within a second of its commit."""
    if runtime.app().past is not None:
        st.info("This day begins once its past is in. What came in so far can be looked at already.")
        _states()
        return
    alert_list(needs_now())
    _figures()
    _states()


def _figures() -> None:
    """Four figures, each beside what it is compared with, each opening into its rows."""
    now, zone = runtime.app().now(), words.zone()
    today, until = business_date(now, zone), traffic.up_to(now, zone)
    days = traffic.last_days(today)
    by_day = {one.day: one for one in ask(traffic_store.shipped_days, days[0], today)}
    shipped = by_day.get(today, traffic_store.ShippedDay(today, 0, 0, 0))
    compared = traffic.compared_days(until, ask(traffic_store.first_shipped_on))
    usual = traffic.usual(list(ask(traffic_store.shipped_until, compared).values()), until)
    bars = f"The bars are the days from {words.day(days[0])} to today."

    # On a phone two stand in a row: those with bars together, so that the others need not be as high.
    grid = st.grid(4, min_column_width=165, border=True)
    with grid.cell():
        awaiting = ask(lateness.awaiting)
        st.metric(
            "Awaiting",
            words.number(awaiting.count),
            help="Orders that still have to be shipped: at ShipStation, or on their way up to it.",
        )
        st.caption(
            "nothing waits" if awaiting.oldest_at is None else f"the oldest came {words.ago(awaiting.oldest_at, now)}"
        )
        link("orders", "Awaiting orders", status="awaiting")
    with grid.cell():
        _late_figure(now)
    with grid.cell():
        orders_per_day = traffic.per_day(days, {day: one.orders for day, one in by_day.items()})
        _with_bars(
            "Shipped today", shipped.orders, orders_per_day, f"Orders whose first parcel has today's ship date. {bars}"
        )
        st.caption(usual.words)
        link("orders", "Shipped today", shipped="today")
    with grid.cell():
        units_per_day = traffic.per_day(days, {day: one.units for day, one in by_day.items()})
        _with_bars(
            "Units out today", shipped.units, units_per_day, f"Pieces in the parcels with today's ship date. {bars}"
        )
        st.caption(f"in {words.count(shipped.parcels, 'parcel')}")
        link("orders", "Orders they were in", shipped="out-today")


def _with_bars(label: str, amount: int, per_day: list[int], meaning: str) -> None:
    """A figure of today above the bars of the last days, in the same units."""
    st.metric(label, words.number(amount), help=meaning, chart_data=per_day, chart_type="bar", delta_color="primary")


def _late_figure(now: datetime) -> None:
    by = cut_off()
    if isinstance(by, str):
        st.metric("Late past cut-off", words.UNKNOWN, help=by)
        link("settings", "Correct it in Settings")
        return
    before = by.last_before(now)
    count = ask(lateness.late, before).count
    st.metric(
        "Late past cut-off",
        words.number(count),
        help=f"Orders that came in before the last cut-off, {words.moment(before)}, and still wait.",
    )
    on = words.day(before.astimezone(words.zone()).date())
    st.caption(f"in before {words.clock(before)} on {on}{'; listed below' if count else ''}")


def _states() -> None:
    """How many orders are in each state, each opening into them."""
    counts = ask(orders.count_by_status)
    if not counts:
        st.info("No order has come in yet. The first sync brings in the last 30 days by itself.")
        link("sync", "See how far it is")
        return
    with st.container(horizontal=True, gap="medium"):
        for status in sorted(counts, key=lambda one: STATES.index(one) if one in STATES else len(STATES)):
            label = f"{words.state(status)} **{counts[status]:,}**"
            st.page_link(PAGES / "orders.py", label=label, query_params={"status": status})


@st.fragment(run_every=10.0, key="today_traffic")
def _traffic() -> None:
    if runtime.app().past is not None:
        return
    now, zone = runtime.app().now(), words.zone()
    hours = traffic.hours(now.astimezone(zone))
    came_in = traffic.per_hour(hours, ask(traffic_store.came_in_by_hour, hours))
    first_day = business_date(hours[0], zone)
    shipped = traffic.per_hour(hours, ask(traffic_store.shipped_by_hour, hours, first_day))
    if not any(came_in) and not any(shipped):
        return
    labels = [f"{hour.astimezone(zone):%a %H:%M}" for hour in hours]
    st.subheader("How much came in and went out in the last 24 hours?")
    st.plotly_chart(
        _bars(tuple(labels), tuple(came_in), tuple(shipped), f"{now.astimezone(zone):%Z}"),
        key="today_hours",
        config={"displayModeBar": False},
        alt=f"Orders by hour: {sum(came_in):,} came in and {sum(shipped):,} were shipped in the last 24 hours.",
    )
    with st.expander("As a table"):
        rows = [
            dict(zip(("hour", "came_in", "shipped"), row, strict=True))
            for row in zip(labels, came_in, shipped, strict=True)
        ]
        table(rows[::-1], HOUR_COLUMNS, key="today_hours_table", file="traffic", empty="")


@st.cache_data(max_entries=8, show_spinner=False)
def _bars(labels: tuple[str, ...], came_in: tuple[int, ...], shipped: tuple[int, ...], zone_name: str) -> go.Figure:
    places = list(range(len(labels)))
    figure = go.Figure()
    for name, amounts in (("came in", came_in), ("shipped", shipped)):
        hover = f"%{{customdata}}: %{{y:,}} {name}<extra></extra>"
        figure.add_bar(x=places, y=amounts, name=name, customdata=labels, hovertemplate=hover)
    # Every third hour is named, and the weekday where a day begins; places, because an hour may be there twice.
    named = [place for place in places if int(labels[place][4:6]) % 3 == 0]
    figure.update_layout(
        height=260,
        margin={"l": 0, "r": 0, "t": 24, "b": 0},
        legend={"orientation": "h", "y": 1.15, "x": 0},
        bargap=0.15,
        uirevision="today",
        xaxis={
            "tickvals": named,
            "ticktext": [labels[place] if labels[place][4:6] == "00" else labels[place][4:] for place in named],
            "title": f"hour ({zone_name})",
            "fixedrange": True,
        },
        yaxis={"title": "orders", "rangemode": "tozero", "fixedrange": True, "tickformat": ",d"},
    )
    return figure


@st.fragment(run_every=2.0, key="today_late")
def _late() -> None:
    by = cut_off()
    if isinstance(by, str) or runtime.app().past is not None:
        return
    before = by.last_before(runtime.app().now())
    late = ask(lateness.late_orders, before, LATE_SHOWN)
    if not late:
        return
    count = ask(lateness.late, before).count
    st.subheader(f"Late orders ({count:,})")
    if count > len(late):
        st.caption(f"The {len(late)} that have waited longest; the CSV has all.")
    opened = table(
        late,
        LATE_COLUMNS,
        key="today_late_orders",
        file="late-orders",
        empty="",
        all_rows=lambda: lateness.late_orders(runtime.app().db.read(), before),
        opens=True,
    )
    if opened is not None:
        open_page("order", order=late[opened].order_key)


@st.fragment(run_every=1.0, key="today_closings")
def _closings() -> None:
    """The three periods: how each stands, and the press or the job in its place."""
    cards()


week_dialog()
month_dialog()
_live()
_closings()
_traffic()
_late()
alert_history()
outbox_list()
