"""What a physical count came to, on paper: each line against what was expected, and how that had come about."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

from shipsync.documents import words
from shipsync.documents.count_sheet import lot_shown
from shipsync.documents.figures import Figure, Headline, moved
from shipsync.documents.typesetting import Paper, typeset
from shipsync.rules.counts import CountLine, accuracy
from shipsync.rules.ledger import OPENING, REASONS, Waterfall

TITLE = "Result of the physical count"

HOW_TO_READ = (
    "Expected: what the ledger said at the instant given, frozen before the count. Counted: the newest counting of "
    "each line. Variance: counted less expected; the count became the stock of that instant.",
    "Within tolerance: off by no more units than the tolerance says. Farther off, a line was counted again. Accuracy: "
    "lines within tolerance, of lines counted.",
    "Known later: movements before that instant that became known only after the expectation was frozen, taken back "
    "here. They are part of the variance, and no loss.",
    "– means not known, or not needed. It never means zero.",
)


@dataclass(frozen=True, slots=True)
class ResultLine:
    """One SKU's lot."""

    name: str  # of the product
    line: CountLine
    waterfall: Waterfall | None  # how its stock came about, as known now; None: not asked for


@dataclass(frozen=True, slots=True)
class CountResult:
    """One count that is posted."""

    count_id: str
    business_date: date
    as_of: datetime  # the instant it counts for
    zone: ZoneInfo
    opened_by: str
    posted_at: datetime
    posted_by: str
    lines: tuple[ResultLine, ...]  # in the order of the sheet
    since: str = ""  # where the waterfalls begin: 'Fri 13 Nov 2026 12:50 PST', 'the last count'


def pdf(result: CountResult, *, firm: str | None = None, paper: Paper = "us-letter") -> bytes:
    """The result on paper. The same result gives the same bytes. Raises TemplateError for a template changed badly."""
    varying = [one for one in result.lines if one.line.variance]
    data = {
        "paper": paper,
        "firm": firm,
        "title": TITLE,
        "period": f"{words.day(result.business_date)} · count {result.count_id}",
        "made": f"Stock as of {words.moment(result.as_of, result.zone)} · opened by {result.opened_by}, posted "
        f"{words.moment(result.posted_at, result.zone)} by {result.posted_by}",
        "mark": f"Count {result.count_id}",
        "summary": [asdict(one) | {"text": one.text} for one in summary(result)],
        "accuracy": asdict(accuracy_shown(result)),
        "lines": [_line(one) for one in result.lines],
        "since": result.since,
        "waterfalls": [_waterfall(one.line, one.waterfall) for one in varying if one.waterfall is not None],
        "has_known_later": any(_known_later(one) for one in varying),
        "how_to_read": HOW_TO_READ,
    }
    return typeset("count_result.typ", data, result.posted_at)


def accuracy_shown(result: CountResult) -> Figure:
    """'98.7 %', with of how many lines; an en dash before anything was counted."""
    told = accuracy([one.line for one in result.lines])
    if told.rate is None:
        return Figure(words.UNKNOWN, "no line was counted")
    return Figure(words.share(told.rate), f"{told.within:,} of {words.count(told.counted, 'line')} within tolerance")


def summary(result: CountResult) -> list[Headline]:
    """The figures that come first, but the accuracy rate."""
    lines = [one.line for one in result.lines]
    counted = [line for line in lines if line.counted is not None]
    over, short = _sum(lines, 1), _sum(lines, -1)
    not_counted = len(lines) - len(counted)
    varying = sum(1 for line in lines if line.variance)
    return [
        Headline("Units expected", sum(line.expected for line in counted), "on the lines that were counted"),
        Headline("Units counted", sum(line.counted or 0 for line in counted),
                 f"{words.count(len(counted), 'line')}" + (f", {not_counted:,} not counted" if not_counted else "")),
        Headline("Net variance", over - short, f"{words.change(over)} over, {words.change(-short)} short"),
        Headline("Lines recounted", sum(1 for line in lines if len(line.entries) > 1),
                 words.count(varying, "line with a variance", "lines with a variance")),
    ]  # fmt: skip


def reason_shown(code: str | None) -> str:
    """The reason in words."""
    if code is None:
        return ""
    return "Opening stock" if code == OPENING else REASONS.get(code, code)


def _sum(lines: Sequence[CountLine], sign: int) -> int:
    return sum(abs(line.variance) for line in lines if line.variance and line.variance * sign > 0)


def _line(one: ResultLine) -> dict[str, object]:
    line = one.line
    first, last = (line.entries[0], line.entries[-1]) if line.entries else (None, None)
    return {
        "sku": line.sku,
        "name": one.name,
        "lot": lot_shown(line.lot),
        "expected": words.number(line.expected),
        "counted": asdict(
            Figure(words.UNKNOWN, "not counted")
            if last is None
            else Figure(words.number(last.units), f"{last.pallets:,} + {last.loose:,}" if line.pallet_size else "")
        ),
        "variance": words.UNKNOWN if line.variance is None else words.change(line.variance),
        "tolerance": f"± {line.tolerance:,}",
        "verdict": _verdict(line),
        "is_within": line.is_within_tolerance,
        "recount": "" if first is None or first is last else f"first {first.units:,}",
        "reason": reason_shown(line.reason_code),
        "note": line.note or "",
        "people": _people(line),
    }


def _verdict(line: CountLine) -> str:
    if line.variance is None:
        return "? not counted"
    if not line.variance:
        return "✓ exact"
    return "✓ within" if line.is_within_tolerance else "▲ beyond"


def _people(line: CountLine) -> list[str]:
    """Who did what, each once."""
    said = [f"{'recounted' if entry.round > 1 else 'counted'} by {entry.counted_by}" for entry in line.entries]
    if line.decided_by:
        said.append(f"reason by {line.decided_by}")
    if line.approved_by:
        said.append(f"approved by {line.approved_by}")
    return said


def _known_later(one: ResultLine) -> int:
    """What the frozen expectation did not know yet."""
    return 0 if one.waterfall is None else one.waterfall.expected - one.line.expected


def _waterfall(line: CountLine, waterfall: Waterfall) -> dict[str, object]:
    later = waterfall.expected - line.expected
    return asdict(moved(waterfall)) | {
        "sku": line.sku,
        "lot": lot_shown(line.lot),
        "known_later": words.change(-later),
        "expected": words.number(line.expected),
        "counted_now": words.number(line.counted),
        "variance": words.change(line.variance or 0),
    }
