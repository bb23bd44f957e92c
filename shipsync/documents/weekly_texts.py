"""What the weekly report says, as it is read: once, for the PDF and for the mail.

Each figure has what it is compared with or why it is not known beside it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from zoneinfo import ZoneInfo

from shipsync.documents import words
from shipsync.documents.figures import NOT_COUNTED, Figure, Headline
from shipsync.rules.inventory import DRIFT, FARTHEST, AlertLevel, Demand
from shipsync.rules.weekly_report import ReportLine, WeeklyReport

TITLE = "Weekly inventory report"
NOT_OVER = "The week's last working day was not closed yet: its figures are those so far."

# What each column means, for the foot of the documents.
HOW_TO_READ = (
    "All figures are units of the warehouse's key products. A week runs from Monday to Sunday, by ship date.",
    "Average: units a week over the complete weeks known since the first sale, at most 52, weeks without a sale "
    "counted. Beside it the newest 13 and 4 weeks; how far the 4 weeks lie off it stands there from 30 % on.",
    "Available: on the shelf, less what open orders still need and what is quarantined. Days left: available by the "
    "average. It runs out within the dates given four times of five.",
    "Critical: nothing available, or gone before a delivery could come. Low: at or below the reorder point. "
    "Unknown: something is missing to tell; the product's line says what.",
    "Reorder point: as given for the product, or computed from average, swings and lead time (95 of 100 lead times "
    "end without running out).",
    "– means not known, for the reason beside it. It never means zero. Two copies with the same content hash, at the "
    "foot of each page, say the same.",
)

_NAMED = 4  # SKUs named beside a count of them


@dataclass(frozen=True, slots=True)
class ProductTexts:
    """One product's line."""

    sku: str
    name: str
    level: str
    reason: str
    shipped: Figure
    average: Figure
    average_13: Figure
    average_4: Figure
    on_shelf: Figure
    awaiting: Figure
    available: Figure
    days_left: Figure
    runs_out: Figure
    reorder_point: Figure
    pallets: Figure


def period(report: WeeklyReport) -> str:
    """'Week 47 of 2026 · Mon 16 Nov – Sun 22 Nov 2026'."""
    year, number, _ = report.week_start.isocalendar()
    return f"Week {number} of {year} · {words.span(report.week_start, report.week_end)}"


def made(report: WeeklyReport) -> str:
    """Which version it is, when it was made, and the instant its stock stands at."""
    zone = ZoneInfo(report.zone)
    return (
        f"Version {report.version}, made {words.moment(report.made_at, zone)}"
        f" · stock as of {words.moment(report.as_of, zone)}"
    )


def statements(report: WeeklyReport) -> tuple[str, ...]:
    """What is unusual about the week; that it is not over is said in any case."""
    return report.stated if report.is_complete or report.stated else (NOT_OVER,)


def summary(report: WeeklyReport) -> list[Headline]:
    """The figures that come first."""
    units, orders, parcels = report.units_shipped, report.orders_shipped, report.parcels
    figures = [
        Headline("Units shipped", units, _against_average(report)),
        Headline("Orders shipped", orders, f"{units / orders:.1f} units an order" if orders else ""),
        Headline("Parcels", parcels, f"{units / parcels:.1f} units a parcel" if parcels else ""),
        _at_level(report.lines, "critical"),
        _at_level(report.lines, "low"),
    ]
    unknown = _at_level(report.lines, "unknown")
    return [*figures, unknown] if unknown.amount else figures


def total_shipped(report: WeeklyReport) -> str:
    """Units of all products."""
    return words.number(report.units_shipped)


def total_average(report: WeeklyReport) -> Figure:
    """The products' averages added up, with over how many of them."""
    known = [line.weekly_average for line in report.lines if line.weekly_average is not None]
    if not known:
        return Figure(words.UNKNOWN, "no product has one")
    is_all = len(known) == len(report.lines)
    return Figure(words.average(sum(known)), "" if is_all else f"{len(known)} of {len(report.lines)} products")


def average_basis(report: WeeklyReport) -> str:
    """'52-week average', or 'average of 8 to 52 weeks' where products differ."""
    counted = {line.weeks_counted for line in report.lines if line.weekly_average is not None}
    if len(counted) == 1:
        return f"{min(counted)}-week average"
    return f"average of {min(counted)} to {max(counted)} weeks"


def product(line: ReportLine) -> ProductTexts:
    """One product's line."""
    needed = _demand(line)
    no_average = needed.basis if line.weekly_average is None else ""
    no_stock = NOT_COUNTED if line.quantity is None else ""
    quarantined = f"{line.quarantined:,} quarantined" if line.quarantined else ""
    return ProductTexts(
        sku=line.sku,
        name=line.name,
        level=words.level(line.level),
        reason=line.reason,
        shipped=Figure(words.number(line.shipped)),
        average=Figure(words.average(line.weekly_average), no_average or words.count(line.weeks_counted, "week")),
        average_13=_shorter(line, line.weekly_average_13),
        average_4=_shorter(line, line.weekly_average_4, _drift(needed)),
        on_shelf=Figure(words.number(line.quantity), no_stock or quarantined),
        awaiting=Figure(words.number(line.awaiting)),
        available=Figure(words.number(line.available), no_stock),
        days_left=_days_left(line),
        runs_out=_runs_out(line),
        reorder_point=_reorder_point(line),
        pallets=_pallets(line),
    )


def unknowns(line: ReportLine) -> str:
    """What is not known of a product and why, for tables whose cells have no room for it: 'Days left: none sold'."""
    texts = product(line)
    named = (
        ("Average", texts.average),
        ("13-week average", texts.average_13),
        ("4-week average", texts.average_4),
        ("On the shelf", texts.on_shelf),
        ("Days left", texts.days_left),
        ("Runs out", texts.runs_out),
        ("Reorder point", texts.reorder_point),
        ("Pallets", texts.pallets),
    )
    return "; ".join(f"{name}: {one.beside}" for name, one in named if one.text == words.UNKNOWN and one.beside)


def average_from(line: ReportLine, report: WeeklyReport) -> int | None:
    """The place in `weeks` of the first week its average goes over; None without an average."""
    if line.weekly_average is None:
        return None
    last = len(line.weeks) - (0 if report.is_complete else 1)
    known = [place for place in range(last) if line.weeks[place] is not None]
    return known[-line.weeks_counted] if line.weeks_counted <= len(known) else 0


def quarters(report: WeeklyReport) -> list[tuple[int, str]]:
    """Places in `weeks` where a quarter of the year begins: 'Oct 2025', 'Jan 2026', 'Apr'; else the first week's."""
    starts = [
        (place, after)
        for place, (before, after) in enumerate(pairwise(report.weeks), start=1)
        if before.month != after.month and after.month in (1, 4, 7, 10)
    ]
    if not starts:
        return [(0, words.day(report.weeks[0]))]
    return [
        (place, f"{monday:%b %Y}" if nth == 0 or monday.month == 1 else f"{monday:%b}")
        for nth, (place, monday) in enumerate(starts)
    ]


def _against_average(report: WeeklyReport) -> str:
    compared = [line for line in report.lines if line.weekly_average is not None]
    usual = sum(line.weekly_average or 0.0 for line in compared)
    if not compared:
        return "no product has an average yet"
    of = "" if len(compared) == len(report.lines) else f", {len(compared)} of {len(report.lines)} products"
    if not report.is_complete:
        return f"so far; a whole week has {words.average(usual)} ({average_basis(report)}{of})"
    if not usual:
        return f"{words.average(usual)} is the {average_basis(report)}{of}"
    change = sum(line.shipped for line in compared) / usual - 1
    return f"{words.percent_change(change)} against {words.average(usual)}, the {average_basis(report)}{of}"


def _at_level(lines: Sequence[ReportLine], level: AlertLevel) -> Headline:
    skus = [line.sku for line in lines if line.level == level]
    more = f" and {len(skus) - _NAMED} more" if len(skus) > _NAMED else ""
    return Headline(f"SKUs {level}", len(skus), ", ".join(skus[:_NAMED]) + more)


def _demand(line: ReportLine) -> Demand:
    return Demand(
        line.weekly_average, line.weeks_counted, line.weekly_average_13, line.weekly_average_4, line.weekly_deviation
    )


def _drift(needed: Demand) -> str:
    drift = needed.drift
    return words.percent_change(drift) if drift is not None and abs(drift) > DRIFT else ""


def _shorter(line: ReportLine, average: float | None, beside: str = "") -> Figure:
    is_alone_unknown = average is None and line.weekly_average is not None
    return Figure(words.average(average), "not all known" if is_alone_unknown else beside)


def _days_left(line: ReportLine) -> Figure:
    if line.days_left is not None and line.days_left > FARTHEST.days:
        return Figure(f"> {FARTHEST.days:,}")
    return Figure(words.whole_days(line.days_left), _why_no_days(line))


def _why_no_days(line: ReportLine) -> str:
    if line.days_left is not None:
        return ""
    if line.available is None:
        return NOT_COUNTED
    return "no average yet" if line.weekly_average is None else "none shipped"


def _runs_out(line: ReportLine) -> Figure:
    if line.runs_out_on is not None:
        first, last = line.runs_out_earliest_on, line.runs_out_latest_on
        return Figure(
            words.day(line.runs_out_on), words.range_of_dates(first, last) if first and last and first != last else ""
        )
    return Figure(words.UNKNOWN, _why_no_days(line) or "not within ten years")


def _reorder_point(line: ReportLine) -> Figure:
    if line.reorder_point is not None:
        return Figure(words.number(line.reorder_point), "given" if line.is_reorder_point_given else "computed")
    return Figure(words.UNKNOWN, "no average yet" if line.weekly_average is None else "no lead time")


def _pallets(line: ReportLine) -> Figure:
    if line.pallets is not None:
        full, loose = line.pallets
        return Figure(f"{full:,} + {loose:,}", f"of {line.pallet_size:,}")
    if line.quantity is None:
        return Figure(words.UNKNOWN, NOT_COUNTED)
    return Figure(words.UNKNOWN, "below zero" if line.pallet_size is not None else "no pallet size")
