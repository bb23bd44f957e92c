"""Orders: find any of them by whatever is known of it, and open it."""

from __future__ import annotations

from collections.abc import Container
from datetime import date, datetime, timedelta

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from shipsync import runtime
from shipsync.rules.identity import MANUAL, SHOP
from shipsync.rules.periods import business_date, day_starts
from shipsync.rules.routing import REASONS
from shipsync.rules.search import Query, read_query
from shipsync.store import search as store
from shipsync.store.lateness import AWAITING
from shipsync.store.search import Filters, Results
from shipsync.web import words
from shipsync.web.answers import ask
from shipsync.web.links import PAGES
from shipsync.web.opening import open_page
from shipsync.web.roles import Role, require
from shipsync.web.tables import Column, table

OPEN = ("pending", "uploaded", "awaiting_payment", "awaiting_shipment", "on_hold", "failed")
# By their names in the URL: groups first, then every state by itself.
STATES: dict[str, tuple[str, ...]] = {
    "any": (),
    "open": OPEN,
    "awaiting": AWAITING,
    "problem": ("failed", "on_hold"),
    **{state: (state,) for state in (*OPEN, "shipped", "cancelled")},
}
GROUPS = {"any": "any state", "open": "open", "awaiting": "to be shipped", "problem": "failed or on hold"}
SOURCES: dict[str, str | None] = {"any": None, "shop": SHOP, "manual": MANUAL}
SOURCE_NAMES = {"any": "any source", "shop": SHOP, "manual": MANUAL}
# Business days back: within so many, today included; or before so many.
WITHIN = {"today": 1, "7d": 7, "30d": 30, "90d": 90}
BEFORE = {"over-1d": 1, "over-3d": 3, "over-7d": 7}
AGES = {
    "any": "any time",
    "today": "today",
    "7d": "last 7 days",
    "30d": "last 30 days",
    "90d": "last 90 days",
    "over-1d": "before today",
    "over-3d": "over 3 days ago",
    "over-7d": "over 7 days ago",
}
# By the days of parcels: Today counts an order on the day of its first one, and pieces on the day of theirs.
SHIPPED = {
    "any": "any time",
    "today": "first parcel today",
    "7d": "first parcel in the last 7 days",
    "out-today": "a parcel today",
}
FILTERS = ("status", "ordered", "shipped", "source", "carrier")
ASKED = ("q", *FILTERS)  # what of the URL makes up what is asked
FIRST, MORE, MOST = 50, 200, 1_000

COLUMNS = [
    Column("order_number", "Order"),
    Column("status", "State", "state"),
    Column("customer", "Customer", width=220),
    Column("items", "Items", width=150),
    Column("ordered_at", "Ordered", "instant"),
    Column("ship_date", "Shipped on", "date"),
    Column("carrier", "Carrier", width=105),
    Column("tracking_number", "Tracking number", width=185),
    Column("source_system", "Source"),
    Column("shipstation_order_id", "ShipStation id"),
]

require(Role.VIEWER)
st.title("Orders")


def _filters() -> Filters:
    """The filters, each in the URL under its own name, so that other pages can link to what they count."""
    names = {carrier.code: carrier.name for carrier in ask(store.carriers)}
    # One row, on a phone too: what is used most stands open, the rest behind a press.
    row = st.container(horizontal=True, vertical_alignment="bottom")
    states = {state: GROUPS.get(state) or words.signed(state) for state in STATES}
    status = _choice(row, "State", "status", states)
    behind = {
        "ordered": ("Ordered", AGES),
        "shipped": ("Shipped", SHIPPED),
        "source": ("Source", SOURCE_NAMES),
        "carrier": ("Carrier", {"any": "any carrier", **names}),
    }
    active = sum(st.session_state[_from_url(name, options)] != "any" for name, (_, options) in behind.items())
    more = row.popover(f"More filters ({active} on)" if active else "More filters", key="orders_filters")
    age, shipped, source, carrier = (_choice(more, label, name, options) for name, (label, options) in behind.items())
    since, before = _window(age)
    today = _days_back(1)
    return Filters(
        STATES[status],
        SOURCES[source],
        since,
        before,
        None if carrier == "any" else carrier,
        shipped=(_days_back(WITHIN[shipped]), today) if shipped in WITHIN else None,
        parcels=(today, today) if shipped == "out-today" else None,
    )


def _choice(row: DeltaGenerator, label: str, name: str, options: dict[str, str]) -> str:
    """One filter. `options` maps what stands in the URL to what stands on the screen; the first is no filter."""
    key = _from_url(name, options)
    chosen: str = row.selectbox(
        label, list(options), format_func=options.__getitem__, key=key, on_change=_into_url, args=(name,), width=190
    )
    return chosen


def _from_url(name: str, options: Container[str] | None = None) -> str:
    """Give a widget what the URL says, where that is new. Returns the widget's key.

    Not Streamlit's own binding: that one puts the words of the screen into the URL, where other pages cannot link to.
    """
    key = f"orders_{name}"
    # The browser's way back from an order brings this page's address with that page's query (Streamlit 1.67).
    kept = st.session_state.get(f"{key}_url", "") if "order" in st.query_params else ""
    said = st.query_params.get(name, kept)
    asked = said if options is None or said in options else "any"
    if st.session_state.get(f"{key}_url") != asked or key not in st.session_state:
        st.session_state[key] = st.session_state[f"{key}_url"] = asked
    return key


def _into_url(name: str) -> None:
    key = f"orders_{name}"
    chosen = st.session_state[f"{key}_url"] = st.session_state[key]
    st.query_params.pop("order", None)
    if chosen in ("any", ""):
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = chosen


def _days_back(days: int) -> date:
    """The business date from which so many days count, today included."""
    return business_date(runtime.app().now(), words.zone()) - timedelta(days=days - 1)


def _window(age: str) -> tuple[datetime | None, datetime | None]:
    """From and before which instant. Whole business days, so that the answer can be kept for all of today."""
    zone = words.zone()
    if age in WITHIN:
        return day_starts(_days_back(WITHIN[age]), zone), None
    if age in BEFORE:
        return None, day_starts(_days_back(BEFORE[age]), zone)
    return None, None


@st.fragment(run_every=timedelta(seconds=2), key="orders_live")
def _results(query: Query, filters: Filters, *, everything: bool) -> None:
    # What was asked for more of; anything else begins with the first ones again.
    asked_for, limit = st.session_state.get("orders_limit", (None, FIRST))
    if asked_for != (query, filters):
        limit = FIRST
    found = ask(store.search, query, filters, limit, everything=everything)
    if not found.total:
        _nothing(query, filters)
        return
    st.caption(_count(found, query))
    opened = table(
        found.orders,
        COLUMNS,
        key="orders_table",
        file="orders",
        empty="",
        all_rows=lambda: store.all_matches(runtime.app().db.read(), query, filters, everything=everything),
        opens=True,
        height="content",
    )
    more = min(MORE, found.total - len(found.orders), MOST - limit)
    if more > 0:
        st.button(f"Show {more} more", key="orders_more", on_click=_show, args=(query, filters, limit + more))
    if opened is not None:
        open_page("order", order=found.orders[opened].order_key)


def _count(found: Results, query: Query) -> str:
    shown = len(found.orders)
    if found.is_exact:
        who = "1 order has" if found.total == 1 else f"{found.total:,} orders have"
        return f"{who} exactly {words.plain(query.compact)} as a number."
    many = words.count(found.total, "order") if shown == found.total else f"{shown:,} of {found.total:,} shown"
    first = "failed uploads first, then newest" if found.orders[0].status == "failed" else "newest first"
    return f"{many}, {first}" if found.total > 1 else many


def _nothing(query: Query, filters: Filters) -> None:
    text = words.plain(" ".join(word.as_typed for word in query.words))
    without = ask(store.search, query, Filters(), 1).total if filters != Filters() else 0
    if without:
        st.info(
            f"No order matches{' ' + text if text else ''} with these filters; {words.count(without, 'order')} "
            f"{'does' if without == 1 else 'do'} without them."
        )
        st.button("Clear the filters", key="orders_clear", on_click=_clear_filters)
    elif not query.words:
        st.info("No order is here yet. They come with the shop's files and from ShipStation.")
        st.page_link(PAGES / "imports.py", label="See the shop's files", icon=":material/upload_file:")
        st.page_link(PAGES / "sync.py", label="See the sync", icon=":material/sync:")
    else:
        st.info(f"No order matches {text}. Every word has to occur in it: leave one out, or paste one number alone.")
        for one in ask(store.not_kept, query):
            why = REASONS.get(one.reason, "Its order was never shown to us.")
            st.markdown(
                f"ShipStation showed **{words.plain(one.order_number or 'a label without an order')}** "
                f"(id {one.shipstation_order_id or words.UNKNOWN}) on {words.moment(one.seen_at)}. "
                f"It is not kept here: {why}"
            )


def _show(query: Query, filters: Filters, limit: int) -> None:
    st.session_state["orders_limit"] = (query, filters), limit


def _clear_filters() -> None:
    for name in FILTERS:
        st.query_params.pop(name, None)


query = read_query(
    st.text_input(
        "Search",
        key=_from_url("q"),
        on_change=_into_url,
        args=("q",),
        type="search",
        live=True,
        label_visibility="collapsed",
        icon=":material/search:",
        placeholder="Order, tracking or ShipStation number, customer, SKU, lot",
    )
    or ""
)
filters = _filters()
everything = False
if ask(store.search, query, filters, FIRST, everything=False).is_exact:
    everything = st.toggle("Also orders that only contain it", key="orders_everything")
st.session_state["orders_asked"] = {
    name: st.session_state[f"orders_{name}_url"]
    for name in ASKED
    if st.session_state[f"orders_{name}_url"] not in ("", "any")
}
_results(query, filters, everything=everything)
