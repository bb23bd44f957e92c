"""One product's stock: how it stands, its lots, where they went, how it came about, and every movement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

import streamlit as st

from shipsync import runtime
from shipsync.documents.count_result import reason_shown
from shipsync.documents.count_sheet import lot_shown
from shipsync.documents.words import average, change, number, whole_days
from shipsync.procedures.inventory import weeks_known
from shipsync.procedures.movements import BY_PERSONS
from shipsync.rules.inventory import Demand
from shipsync.rules.ledger import NO_LOT
from shipsync.rules.lot_states import Lots, LotStand
from shipsync.rules.periods import business_date
from shipsync.store import counts, inventory, ledger, weekly_history
from shipsync.store.inventory import Current, Listed
from shipsync.web import words
from shipsync.web.answers import ask
from shipsync.web.inventory_charts import RunsOut, waterfall_chart, waterfall_steps, weeks_chart
from shipsync.web.inventory_forms import lot_form, opening_form, take_back_form
from shipsync.web.inventory_levels import band_in_words, drift_of, short_day
from shipsync.web.inventory_lots import lots_of
from shipsync.web.inventory_words import KINDS, in_pallets, of, pallets_in_words, this_minute
from shipsync.web.links import link
from shipsync.web.opening import open_here, open_page
from shipsync.web.roles import Role, may
from shipsync.web.tables import Column, table

_MOVEMENTS_SHOWN = 200
_LOTS_WHOLE = 15  # lines of the lot table that are shown without scrolling
_NO_LOT_ASKED = "none"  # in the address, for units without a lot
_SINCE_EVER = datetime(1970, 1, 1, tzinfo=UTC)

LOT_COLUMNS = (
    Column("lot", "Lot", help="Press to see where it went, and to say something of it."),
    Column("state", "State", "state"),
    Column("units", "Units", "number"),
    Column("pick_no", "Picked as", "number", help="Which lot is taken first. Quarantined and expired ones are not."),
    Column("received_on", "Received on", "date"),
    Column("expires_on", "Expires on", "date"),
    Column("pallets", "Pallets + loose"),
    Column("remark", "Remark", width=260),
)
MOVEMENT_COLUMNS = (
    Column("entry_no", "Entry", help="Press to see all of it."),
    Column("moved_at", "When", "instant"),
    Column("what", "What"),
    Column("units", "Units", "number", help="What it adds to the shelf."),
    Column("counted", "Counted", "number", help="Stock from then on, whatever the book had said."),
    Column("lot", "Lot"),
    Column("reason", "Why"),
    Column("note", "Note", width=220),
    Column("order_number", "Order"),
    Column("reference", "Reference"),
    Column("entered_by", "Entered by"),
    Column("entered_at", "Entered", "instant"),
    Column("corrects", "Takes back entry", "number"),
)
RECALL_COLUMNS = (
    Column("order_number", "Order", help="Press to open it."),
    Column("ship_date", "Shipped on", "date"),
    Column("quantity", "Units", "number"),
    Column("ship_name", "Customer"),
    Column("ship_company", "Company"),
    Column("ship_phone", "Phone"),
    Column("email", "Mail"),
    Column("ship_street1", "Street"),
    Column("ship_city", "City"),
    Column("ship_state", "State"),
    Column("ship_postal_code", "Postal code"),
    Column("ship_country", "Country"),
    Column("tracking_number", "Tracking number"),
    Column("sku", "SKU"),
    Column("lot", "Lot"),
)
STEP_COLUMNS = (Column("what", "Step"), Column("units", "Units"))
WEEK_COLUMNS = (
    Column("monday", "Week from", "date"),
    Column("units", "Units shipped", "number"),
)


def listed_of(sku: str) -> Listed | None:
    """The product as it was recomputed last; None while it never was."""
    return next((one for one in ask(inventory.current) if one.current.sku == sku), None)


def is_counted(sku: str) -> bool:
    """Whether somebody has said what stands on its shelf."""
    return sku in ask(ledger.known_skus, this_minute())


def level_line(listed: Listed | None) -> None:
    """The level with its reason."""
    if listed is None:
        st.markdown(f"{words.state('unknown')} · Nobody has said what stands on the shelf.")
    else:
        st.markdown(f"{words.state(listed.current.alert_level)} · {words.plain(listed.current.alert_reason)}")


def story_figures(sku: str, listed: Listed | None) -> None:
    """Four figures; none before anything was computed."""
    if listed is None:
        return
    now, lots = listed.current, _lots(sku)
    grid = st.grid(4, min_column_width=165, border=True)
    with grid.cell():
        st.metric("On the shelf", words.number(lots.units) if now.current_quantity is not None else words.UNKNOWN)
        pallets = pallets_in_words(lots.units, listed.pallet_size)
        st.caption(
            "never counted" if now.current_quantity is None
            else pallets if pallets
            else f"in {words.count(sum(1 for one in lots.lines if one.facts.units), 'lot')}"
        )  # fmt: skip
    with grid.cell():
        st.metric("Available", words.number(now.available_quantity))
        st.caption(f"{now.awaiting_quantity:,} awaiting shipment, {now.quarantined_quantity:,} quarantined")
    with grid.cell():
        st.metric("Average a week", average(now.weekly_average))
        st.caption(_basis(now))
        drift = drift_of(now)
        if drift is not None:
            st.caption(f":orange[{drift}]")
    with grid.cell():
        _run_out_figure(listed)


def stock_view(sku: str, listed: Listed | None, lot: str | None) -> None:
    """Lots, the chosen lot, and the two charts."""
    if not is_counted(sku):
        if may(Role.OPERATOR):
            opening_form(sku)
        else:
            st.info("Nobody has said what stands on the shelf. Somebody with the role operator can.")
    _lot_table(sku, listed)
    if lot is not None:
        _one_lot(sku, lot)
    if listed is not None:
        _came_about(sku, listed)
        _weeks(sku, listed)


def movements_view(sku: str, entry_no: str | None) -> None:
    """The ledger of one product, newest first, with one entry opened."""
    if entry_no is not None and entry_no.isdecimal():
        _one_entry(sku, int(entry_no))
    entries = ask(ledger.entries, sku, None, _MOVEMENTS_SHOWN)
    opened = table(
        [_movement(one) for one in entries],
        MOVEMENT_COLUMNS,
        key="inventory_movements",
        file=f"movements-{sku}",
        empty="Nothing has moved yet.",
        all_rows=lambda: map(_movement, ledger.entries(runtime.app().db.read(), sku)),
        opens=True,
    )
    if len(entries) == _MOVEMENTS_SHOWN:
        st.caption(f"The newest {_MOVEMENTS_SHOWN}; the CSV has all.")
    if opened is not None:
        open_here(entry=str(entries[opened].entry_no))


def _lots(sku: str) -> Lots:
    return ask(lots_of, sku, this_minute(), business_date(runtime.app().now(), words.zone()))


def _basis(now: Current) -> str:
    if now.weekly_average is None:
        return Demand(None, now.weeks_counted, None, None, None).basis
    short = f"13 weeks {average(now.weekly_average_13)}, 4 weeks {average(now.weekly_average_4)}"
    return f"over {words.count(now.weeks_counted, 'week')}; {short}"


def _run_out_figure(listed: Listed) -> None:
    now = listed.current
    if now.runs_out_on is None or now.runs_out_earliest_on is None or now.runs_out_latest_on is None:
        st.metric("Runs out", words.UNKNOWN)
        st.caption("no stock or no average tells it" if now.days_left is None else "in more than ten years")
        return
    st.metric("Runs out", short_day(now.runs_out_on))
    if not now.days_left:
        st.caption("nothing is available any more")
        return
    days = whole_days(now.days_left)
    out = RunsOut(now.sku, now.runs_out_on, now.runs_out_earliest_on, now.runs_out_latest_on)
    st.caption(f"{now.runs_out_on:%A}, in {days} {'day' if days == '1' else 'days'}, {band_in_words(out)}")


# Lots


def _lot_table(sku: str, listed: Listed | None) -> None:
    lots, is_known = _lots(sku), is_counted(sku)
    st.subheader("Lots" if is_known else "Lots that have moved")
    pallet_size = listed.pallet_size if listed else None
    opened = table(
        [_lot(line, pallet_size) for line in lots.lines],
        LOT_COLUMNS if is_known else LOT_COLUMNS[:1],
        key="inventory_lots",
        file=f"lots-{sku}",
        empty="The ledger knows of no lot yet.",
        opens=True,
        height="content" if len(lots.lines) <= _LOTS_WHOLE else "auto",
    )
    if is_known and lots.lines:
        first = "expires first (FEFO)" if lots.picking == "FEFO" else "came first (FIFO)"
        st.caption(f"Together **{words.count(lots.units, 'unit')}**: the stock. The lot that {first} is picked first.")
    if opened is not None:
        open_here(lot=lots.lines[opened].facts.lot or _NO_LOT_ASKED)


def _lot(line: LotStand, pallet_size: int | None) -> dict[str, object]:
    facts = line.facts
    remark = facts.reason if line.state == "quarantine" else "expired, not picked" if line.is_expired else None
    if facts.lot == NO_LOT and facts.units:
        remark = "nobody has said the lot of these"
    return {
        "lot": lot_shown(facts.lot),
        "state": line.state,
        "units": facts.units,
        "pick_no": line.pick_no,
        "received_on": facts.received_on,
        "expires_on": facts.expires_on,
        "pallets": in_pallets(facts.units, pallet_size),
        "remark": remark,
    }


def _one_lot(sku: str, asked: str) -> None:
    lot = NO_LOT if asked == _NO_LOT_ASKED else asked
    with st.container(border=True):
        title, close = st.columns([4, 1], vertical_alignment="center")
        title.subheader(f"Lot {words.plain(lot_shown(lot))}" if lot else "Units without a lot")
        if close.button("Close", key="inventory_lot_close", type="tertiary", icon=":material/close:"):
            st.query_params.pop("lot", None)
            st.rerun()
        if lot and may(Role.OPERATOR):
            with st.expander("Quarantine it, or say when it came and when it expires"):
                lot_form(sku, lot)
        _recall(sku, lot)


def _recall(sku: str, lot: str) -> None:
    went = ask(inventory.recall, sku, lot)
    people = len({(one.ship_name, one.ship_company, one.ship_street1, one.ship_postal_code) for one in went})
    units = sum(one.quantity for one in went)
    st.markdown("**Where it went**")
    opened = table(
        went,
        RECALL_COLUMNS,
        key="inventory_recall",
        file=f"recall-{sku}-{lot or 'no-lot'}",
        empty="None of it has been shipped.",
        opens=True,
    )
    if went:
        st.caption(
            f"{words.count(units, 'unit')} to {words.count(people, 'customer')}; parcels whose label was voided are "
            "not among them."
        )
    if opened is not None:
        open_page("order", order=went[opened].order_key)


# How it came about


def _came_about(sku: str, listed: Listed) -> None:
    if listed.current.current_quantity is None:
        return
    since = listed.current.last_counted_at
    found = ask(ledger.waterfalls, since or _SINCE_EVER, this_minute()).get(sku)
    if found is None:
        return
    first = "count" if since is not None else "before the first entry"
    steps = waterfall_steps(found, first, "on the shelf now")
    told = f"since the count of {words.moment(since)}" if since is not None else "since the first entry"
    question = f"What has moved {told}?"
    st.subheader(question)
    waterfall_chart(steps, question, key="inventory_waterfall_chart")
    with st.expander("As a table"):
        rows = [
            {"what": what, "units": number(units) if is_total else change(units)} for what, units, is_total in steps
        ]
        table(rows, STEP_COLUMNS, key="inventory_waterfall_table", file=f"since-count-{sku}", empty="")


def _weeks(sku: str, listed: Listed) -> None:
    weeks = ask(weeks_known, words.zone(), listed.as_of, ask(weekly_history.covered_since, words.zone()))
    if not weeks.known:
        st.caption("No complete week is known yet. Older weeks can be loaded under Imports.")
        return
    of_sku = weeks.units.get(sku, {})
    units = [of_sku.get(monday, 0) for monday in weeks.known]
    now = listed.current
    basis = f"{now.weeks_counted}-week average"
    weeks_chart(sku, weeks.known, units, now.weekly_average, now.weekly_average_4, basis)
    st.caption(
        "Complete weeks only, Monday to Sunday by ship date."
        + (" Days left and reorder point rest on the dashed average." if now.weekly_average is not None else "")
    )
    with st.expander("As a table"):
        rows = [{"monday": monday, "units": many} for monday, many in zip(weeks.known, units, strict=True)]
        table(rows[::-1], WEEK_COLUMNS, key="inventory_weeks_table", file=f"weeks-{sku}", empty="")


# Movements


def _movement(one: ledger.Entry) -> dict[str, object]:
    is_count = one.kind == "count"
    return {
        "entry_no": one.entry_no,
        "moved_at": one.moved_at,
        "what": KINDS[one.kind],
        "units": None if is_count else one.quantity,
        "counted": one.quantity if is_count else None,
        "lot": lot_shown(one.lot),
        "reason": reason_shown(one.reason_code) or None,
        "note": one.note,
        "order_number": one.order_number,
        "reference": one.reference,
        "entered_by": one.entered_by,
        "entered_at": one.entered_at,
        "corrects": one.corrects,
    }


def _one_entry(sku: str, entry_no: int) -> None:
    entry = ask(ledger.entry, entry_no)
    if entry is None or entry.sku != sku:
        st.info(f"There is no entry {entry_no} of {words.plain(sku)}.")
        return
    with st.container(border=True):
        title, close = st.columns([4, 1], vertical_alignment="center")
        title.subheader(f"Entry {entry.entry_no}")
        if close.button("Close", key="inventory_entry_close", type="tertiary", icon=":material/close:"):
            st.query_params.pop("entry", None)
            st.rerun()
        st.markdown("  \n".join(_facts(entry)))
        if entry.order_number is not None:
            link("order", f"Order {words.plain(entry.order_number)}", order=entry.order_number)
        if entry.reference and ask(counts.count, entry.reference) is not None:
            link("count", f"Count {words.plain(entry.reference)}", count=entry.reference)
        if entry.kind in BY_PERSONS and entry.corrects is None and may(Role.OPERATOR):
            take_back_form(entry)


def _facts(entry: ledger.Entry) -> Sequence[str]:
    amount = f"{entry.quantity:,} counted" if entry.kind == "count" else f"{change(entry.quantity)}"
    told = [
        f"**{amount}** of {words.plain(of(entry.sku, entry.lot))}, {KINDS[entry.kind]} {words.moment(entry.moved_at)}",
        f"entered by {words.plain(entry.entered_by)} on {words.moment(entry.entered_at)}",
    ]
    if entry.reason_code:
        told.append(f"why: {reason_shown(entry.reason_code)}")
    if entry.note:
        told.append(f"note: {words.plain(entry.note)}")
    if entry.reference:
        told.append(f"reference: {words.plain(entry.reference)}")
    if entry.corrects is not None:
        told.append(f"takes back entry {entry.corrects}")
    return told
