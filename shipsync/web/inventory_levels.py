"""All products' stock: what needs somebody, four figures, the levels worst first, and the run-out calendar."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from datetime import date

import streamlit as st

from shipsync import runtime
from shipsync.documents.words import percent_change, range_of_dates
from shipsync.procedures.inventory import Weeks, weeks_known
from shipsync.rules.inventory import DRIFT, Demand, drifts
from shipsync.rules.periods import business_date
from shipsync.rules.weeks import week_name, week_of
from shipsync.store import inventory, products, weekly_history
from shipsync.store.inventory import Current, Listed
from shipsync.web import words
from shipsync.web.answers import ask
from shipsync.web.inventory_charts import RunsOut, run_out_chart
from shipsync.web.inventory_lots import lots_of_all
from shipsync.web.inventory_words import in_pallets, named, naming, of, this_minute
from shipsync.web.links import link
from shipsync.web.opening import open_here
from shipsync.web.tables import Column, table

_CRITICAL_SHOWN = 6
_LOTS_SHOWN = 6
_SKUS_NAMED = 8
_WEEKS_SHOWN = 26
_MOST_WHOLE = 15  # rows of a table that is shown without scrolling
_RUN_OUTS_DRAWN = 25
_SIGNS: Mapping[str, str] = {"bad": ":red[■]", "warn": ":orange[▲]"}

LEVEL_COLUMNS = (
    Column("sku", "SKU"),
    Column("level", "Level", "state", help="Critical: nothing is available, or it runs out before a delivery could "
           "come. Low: at or below the reorder point."),
    Column("name", "Product", width=170),
    Column("on_shelf", "On the shelf", "number", help="By the ledger: the last count, and what moved since."),
    Column("awaiting", "Awaiting", "number", help="In orders that still have to be shipped."),
    Column("available", "Available", "number", help="On the shelf, less what awaits shipment or is quarantined."),
    Column("days_left", "Days left", "number", help="Available, at the average. Whole days."),
    Column("runs_out_on", "Runs out on", "date"),
    Column("between", "Four times of five between", help="By how much the weeks differ from their average."),
    Column("weeks", "Units per week", "bars", help=f"Shipped in each of the last {_WEEKS_SHOWN} complete weeks."),
    Column("average", "Average a week", "decimal"),
    Column("basis", "over weeks", "number", help="Complete weeks since the first sale, at most 52."),
    Column("average_13", "13 weeks", "decimal", help="The average over the newest 13 weeks."),
    Column("average_4", "4 weeks", "decimal", help="The average over the newest 4 weeks."),
    Column("drift", "Drift", help=f"Where 4 or 13 weeks lie over {DRIFT:.0%} off the long average."),
    Column("reorder_point", "Reorder point", "number"),
    Column("reorder_how", "given or computed", help="Given under Imports, or computed from demand and lead time."),
    Column("pallets", "Pallets + loose", help="Full pallets and loose units on the shelf."),
    Column("last_counted_at", "Last counted", "instant"),
    Column("why", "Why this level", width=420),
)  # fmt: skip
RUN_OUT_COLUMNS = (
    Column("week", "Week"),
    Column("runs_out_on", "Runs out on", "date"),
    Column("sku", "SKU"),
    Column("name", "Product"),
    Column("earliest", "Earliest", "date"),
    Column("latest", "Latest", "date", help="Four times of five it lies between these two."),
    Column("available", "Available", "number"),
    Column("lead_time_days", "Lead time, days", "number"),
    Column("level", "Level", "state"),
)


def stock_needs() -> None:
    """What needs somebody, one line each; nothing while nothing does."""
    listed = ask(inventory.current)
    critical = [one for one in listed if one.current.alert_level == "critical"]
    unknown = [one.current.sku for one in listed if one.current.current_quantity is None]
    odd = _odd_lots()
    if not (critical or unknown or odd):
        return
    with st.container(border=True, gap="xsmall"):
        st.markdown("**Needs a person**")
        for one in critical[:_CRITICAL_SHOWN]:
            _need("bad", f"{named(one.current.sku)} is critical. {one.current.alert_reason}", one.current.sku)
        if len(critical) > _CRITICAL_SHOWN:
            st.caption(f"And {len(critical) - _CRITICAL_SHOWN:,} more that are critical; the table has them on top.")
        for sku, lot, sentence in odd[:_LOTS_SHOWN]:
            _need("warn", sentence, sku, lot)
        if len(odd) > _LOTS_SHOWN:
            st.caption(f"And {len(odd) - _LOTS_SHOWN:,} more lots.")
        if unknown:
            _never_counted(unknown)


def stock_figures() -> None:
    """Four figures, each with what it says."""
    listed = ask(inventory.current)
    known = [one.current for one in listed if one.current.current_quantity is not None]
    by_level = {level: sum(1 for one in listed if one.current.alert_level == level) for level in ("critical", "low")}
    grid = st.grid(4, min_column_width=165, border=True)
    with grid.cell():
        units = sum(one.current_quantity or 0 for one in known)
        st.metric("Units on the shelf", words.number(units) if known else words.UNKNOWN,
                  help="By the ledger: the last counts, and what moved since.")  # fmt: skip
        silent = len(listed) - len(known)
        st.caption(f"of {words.count(len(known), 'product')}" + (f"; {silent:,} never counted" if silent else ""))
    with grid.cell():
        st.metric("Critical", words.number(by_level["critical"]), help=LEVEL_COLUMNS[1].help)
        st.caption("nothing left, or out before a delivery could come")
    with grid.cell():
        st.metric("Low", words.number(by_level["low"]))
        st.caption("at or below the reorder point")
    with grid.cell():
        dated = run_outs(listed)
        st.metric("Runs out first", short_day(dated[0].on) if dated else words.UNKNOWN)
        st.caption(
            f"{dated[0].sku}, {band_in_words(dated[0])}" if dated else "no product with stock has an average yet"
        )


def levels_table() -> None:
    """Every product with its level, the worst first. A press on one opens its stock story."""
    listed = ask(inventory.current)
    if not listed:
        _nothing_computed()
        return
    weeks = ask(weeks_known, words.zone(), listed[0].as_of, ask(weekly_history.covered_since, words.zone()))
    opened = table(
        [_level(one, weeks) for one in listed],
        LEVEL_COLUMNS,
        key="inventory_levels",
        file="inventory",
        empty="",
        opens=True,
        height="auto" if len(listed) > _MOST_WHOLE else "content",
    )
    st.caption(f"Stock as of {words.moment(listed[0].as_of)}; it is recomputed whenever something moves.")
    if opened is not None:
        open_here(sku=listed[opened].current.sku)


def run_out_calendar() -> None:
    """When every product runs out, as a chart and by weeks."""
    listed = ask(inventory.current)
    dated = run_outs(listed)
    if not dated:
        st.info(
            "No product that is on the shelf has an average yet, so nothing tells when it runs out. Averages come with "
            "four complete weeks; older weeks can be loaded under Imports."
        )
        link("imports", "Load weekly history")
        return
    today = business_date(runtime.app().now(), words.zone())
    run_out_chart(dated[:_RUN_OUTS_DRAWN], today)
    if len(dated) > _RUN_OUTS_DRAWN:
        st.caption(f"The {_RUN_OUTS_DRAWN} that run out first; the table has all {len(dated):,}.")
    by_sku = {one.current.sku: one for one in listed}
    rows = [_run_out(one, by_sku[one.sku]) for one in dated]
    opened = table(rows, RUN_OUT_COLUMNS, key="inventory_run_out", file="run-out", empty="")
    if opened is not None:
        open_here(sku=dated[opened].sku)
    others = len(listed) - len(dated)
    if others:
        st.caption(
            f"{words.count(others, 'product')} without a date: never counted, without an average, or lasting more than "
            "ten years."
        )


def run_outs(listed: Sequence[Listed]) -> list[RunsOut]:
    """The products that will run out, the first one first."""
    found = []
    for one in (each.current for each in listed):
        if one.runs_out_on is not None and one.runs_out_earliest_on is not None and one.runs_out_latest_on is not None:
            found.append(RunsOut(one.sku, one.runs_out_on, one.runs_out_earliest_on, one.runs_out_latest_on))
    return sorted(found, key=lambda one: (one.on, one.earliest, one.sku))


def short_day(on: date) -> str:
    """'11 Dec', short enough for a figure on a phone."""
    return f"{on.day} {on:%b}"


def band(earliest: date, latest: date) -> str | None:
    """'5 Dec – 20 Dec 2026'; None where both are one day: nothing is available, or no week differs from another."""
    return None if earliest == latest else range_of_dates(earliest, latest)


def band_in_words(one: RunsOut) -> str:
    """'four times of five 5 Dec – 20 Dec 2026', or the day where there is no band."""
    between = band(one.earliest, one.latest)
    return words.day(one.on) if between is None else f"four times of five {between}"


def drift_of(current: Current) -> str | None:
    """'▲ 4 weeks +38 %' where a short average says something else than the long one; None where they agree."""
    needed = Demand(
        current.weekly_average, current.weeks_counted, current.weekly_average_13, current.weekly_average_4, None
    )
    told = [f"{weeks} weeks {percent_change(share)}" for weeks, share in drifts(needed)]
    return f"▲ {', '.join(told)}" if told else None


def week_units(weeks: Weeks, sku: str) -> list[int]:
    """Units of a product in each of the newest weeks that are known, oldest first."""
    of_sku = weeks.units.get(sku, {})
    return [of_sku.get(monday, 0) for monday in weeks.known[-_WEEKS_SHOWN:]]


def _level(one: Listed, weeks: Weeks) -> dict[str, object]:
    now = one.current
    point = now.reorder_point
    return {
        "sku": now.sku,
        "level": now.alert_level,
        "name": one.name,
        "on_shelf": now.current_quantity,
        "awaiting": now.awaiting_quantity,
        "available": now.available_quantity,
        "days_left": None if now.days_left is None else math.floor(now.days_left),
        "runs_out_on": now.runs_out_on,
        "between": None
        if now.runs_out_earliest_on is None or now.runs_out_latest_on is None
        else band(now.runs_out_earliest_on, now.runs_out_latest_on),
        "weeks": week_units(weeks, now.sku),
        "average": now.weekly_average,
        "basis": now.weeks_counted,
        "average_13": now.weekly_average_13,
        "average_4": now.weekly_average_4,
        "drift": drift_of(now),
        "reorder_point": point,
        "reorder_how": None if point is None else "given" if now.is_reorder_point_given else "computed",
        "pallets": in_pallets(now.current_quantity, one.pallet_size),
        "last_counted_at": now.last_counted_at,
        "why": now.alert_reason,
    }


def _run_out(one: RunsOut, listed: Listed) -> dict[str, object]:
    return {
        "week": week_name(week_of(one.on)),
        "runs_out_on": one.on,
        "sku": one.sku,
        "name": listed.name,
        "earliest": one.earliest,
        "latest": one.latest,
        "available": listed.current.available_quantity,
        "lead_time_days": listed.current.lead_time_days,
        "level": listed.current.alert_level,
    }


def _need(level: str, sentence: str, sku: str, lot: str = "") -> None:
    """One line with a button: a link to the page itself would leave its address as it was."""
    line, way = st.columns([4, 1], vertical_alignment="center")
    line.markdown(f"{_SIGNS[level]} {words.plain(sentence)}")
    if way.button("Open", key=f"inventory_open_{sku}_{lot}", type="tertiary", icon=":material/chevron_right:"):
        open_here(sku=sku, **({"lot": lot} if lot else {}))


def _never_counted(skus: Sequence[str]) -> None:
    line, way = st.columns([4, 1], vertical_alignment="center")
    shown = ", ".join(skus[:_SKUS_NAMED]) + (
        f" and {len(skus) - _SKUS_NAMED:,} more" if len(skus) > _SKUS_NAMED else ""
    )
    line.markdown(
        f"{_SIGNS['warn']} Never counted, so nobody knows how long {'it lasts' if len(skus) == 1 else 'they last'}: "
        f"{shown}. Open {'it' if len(skus) == 1 else 'each'} and say what stands on the shelf, or load the opening "
        "stock."
    )
    with way:
        link("imports", "Load it")


def _odd_lots() -> list[tuple[str, str, str]]:
    """(SKU, lot, sentence) of lots that somebody has to look at."""
    today = business_date(runtime.app().now(), words.zone())
    found = []
    for sku, lots in ask(lots_of_all, this_minute(), today).items():
        for line in lots.lines:
            facts = line.facts
            if line.is_expired and facts.units > 0 and line.state == "active":
                sentence = (
                    f"Lot {facts.lot} of {sku} expired on {words.day(facts.expires_on)} with "
                    f"{words.count(facts.units, 'unit')} left. Quarantine it, or take it off the shelf."
                )
                found.append((sku, facts.lot, sentence))
            elif line.state == "below_zero":
                sentence = (
                    f"{of(sku, facts.lot)} is {-facts.units:,} below zero: a receipt is missing, or a label names the "
                    "wrong lot. Enter the receipt, or count it."
                )
                found.append((sku, facts.lot, sentence))
    return found


def _nothing_computed() -> None:
    """Before the first computation the products themselves are offered."""
    skus = [one.sku for one in ask(products.products) if one.is_key]
    if not skus:
        st.info("There is no key product, so there is no stock. Say under Settings which products are key.")
        link("settings", "Open Settings")
        return
    st.info(
        "No stock has been said and nothing was computed yet. Say what stands on the shelf of a product, or load the "
        "opening stock under Imports."
    )
    link("imports", "Load the opening stock")
    sku = st.selectbox(
        "Product", skus, index=None, format_func=naming(), key="inventory_first", placeholder="Choose one"
    )
    if sku is not None:
        open_here(sku=sku)
