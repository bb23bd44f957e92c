"""Import of the shop's orders from its files: workflow `xml-import`, and `import PATH`.

1. files   for each file of the folder, the oldest first: read it, decide on each of its orders, and write all of it
           in ONE transaction together with the note that this content was taken. A file that is unchanged since is
           skipped by its hash; one that is still being written, or that cannot be read, is left for the next poll
           and shown. A failure leaves the files before it taken and this one as if never seen.
2. held    orders that were held back before are decided on again, from the record kept in quarantine: what they
           waited for (a bundle, a product) may be here now. One transaction. Changes of orders that have been closed
           since are no longer shown.

Both steps give the same tables however often they run and wherever they are cut off.

`preview` answers what step 1 would do with one file, by the same decisions, and writes nothing.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, cast

from shipsync.doors.order_files import FileContent, OrderFile, fetch, list_files, parse
from shipsync.errors import OrderFileError
from shipsync.procedures.work import Procedure, Result, Step, Work
from shipsync.rules.catalogue import Catalogue
from shipsync.rules.identity import SHOP, upload_key
from shipsync.rules.order_formats import RawShopOrder
from shipsync.rules.shop_orders import (
    MAX_ORDER_NUMBER,
    ImportDecision,
    KnownShopOrder,
    Rejected,
    ShopOrder,
    Skipped,
    decide_import,
    last_wins,
    read_shop_order,
)
from shipsync.store import order_files as files_store
from shipsync.store import products as products_store
from shipsync.store import quarantine
from shipsync.store import shop_orders as orders_store
from shipsync.store.cursor import Cursor

WORKFLOW = "xml-import"

# Quarantine kinds of this procedure.
HELD_ORDER = "shop_order"  # an order that is not in our tables
CHANGED_ORDER = "shop_change"  # an order that is, and that the shop changed after we had sent it
REFUSED_FILE = "order_file"  # a file that cannot be read, or not yet
REFUSED_ORDER = "upload"  # the upload's: an order that ShipStation refused for good, by its key

_CLOSED = frozenset({"shipped", "cancelled"})
_LINES_LOGGED = 20  # per file and kind; all of them are in quarantine, or in the file's counts


def import_files(work: Work) -> Result:
    """Step 1. Returns the identities of the orders held back, so that step 2 does not try them a second time."""
    folder = _folder(work)
    if folder is None:
        work.log("No folder of order files is set: nothing to read. Set SHIPSYNC_ORDER_FILES.")
        return {"held": []}
    is_single = folder.is_file()
    seen = list_files(folder)
    held: list[str] = []
    unchanged: set[str] = set()
    for done, file in enumerate(seen):
        work.check_cancel()
        work.progress(done, len(seen), file.path.name)
        try:
            held_back = _import_file(work, file.path)
        except OrderFileError as error:
            if is_single:
                raise
            _note_refused(work, error)
            continue
        if held_back is None:
            unchanged.add(str(file.path))
        else:
            held += held_back
    _close_refused(work, unchanged, None if is_single else folder, {str(file.path) for file in seen})
    return {"held": held}


def retry_held(work: Work) -> Result:
    """Step 2. Returns how many orders were tried again and how many of them came through."""
    waiting = [one.entry for one in quarantine.open_entries(work.db.read(), [HELD_ORDER, CHANGED_ORDER])]
    _close_changed(work, [entry.entity_id for entry in waiting if entry.kind == CHANGED_ORDER])
    just_held = set(work.results.get("files", {}).get("held", ()))
    entries = [
        entry
        for entry in waiting
        if entry.kind == HELD_ORDER and entry.held and entry.raw is not None and entry.entity_id not in just_held
    ]
    if not entries:
        return {"tried": 0, "taken": 0}
    raws = [RawShopOrder.from_json(entry.raw) for entry in entries if entry.raw is not None]
    with work.db.transaction() as con:
        work.lease.check(con)
        outcome = _take_in(con, raws, products_store.catalogue(con), work.now())
    came_through = len(raws) - len(outcome.held) - len(outcome.later) - len(outcome.taken_over)
    if came_through:
        work.log(f"{came_through} of {len(raws)} orders held back before came through: {outcome.summary()}.")
    outcome.count_into(work.count)
    work.count("held, tried again", len(raws))
    return {"tried": len(raws), "taken": came_through}


PROCEDURE = Procedure(WORKFLOW, (Step("files", import_files), Step("held", retry_held)))


@dataclass
class _Outcome:
    """What became of a batch of orders."""

    new: list[str] = field(default_factory=list)  # order numbers, like all that follow
    updated: list[str] = field(default_factory=list)
    unchanged: list[str] = field(default_factory=list)
    frozen: list[str] = field(default_factory=list)
    later: list[str] = field(default_factory=list)
    tombstoned: list[str] = field(default_factory=list)
    taken_over: list[str] = field(default_factory=list)  # a person does them by hand
    skipped: dict[str, list[str]] = field(default_factory=dict)  # by reason
    quarantined: dict[str, list[str]] = field(default_factory=dict)  # by reason; identities in quarantine
    superseded: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)  # identities in quarantine
    withdrawn: list[str] = field(default_factory=list)  # waited to go up, and the shop made them unusable
    sentences: list[str] = field(default_factory=list)  # why orders were held back, skipped or left as they are

    def figures(self) -> dict[str, int]:
        """Counts by what became of the orders; what never happened is left out."""
        plain = ("new", "updated", "unchanged", "frozen", "later", "tombstoned", "superseded", "withdrawn")
        figures = {name: len(getattr(self, name)) for name in plain}
        figures["taken over by hand"] = len(self.taken_over)
        figures |= {f"skipped: {reason}": len(numbers) for reason, numbers in sorted(self.skipped.items())}
        figures |= {f"quarantined: {reason}": len(numbers) for reason, numbers in sorted(self.quarantined.items())}
        return {name: count for name, count in figures.items() if count}

    def count_into(self, count: Callable[[str, int], None]) -> None:
        """Add to a run's figures."""
        for name, amount in self.figures().items():
            count(name, amount)

    def summary(self) -> str:
        """The figures in one line."""
        return ", ".join(f"{count} {name}" for name, count in self.figures().items()) or "no orders"

    def kept(self) -> dict[str, Any]:
        """What is kept with the file: the figures, and by number every order that did not go in."""
        return {
            **self.figures(),
            "skipped orders": self.skipped,
            "quarantined orders": self.quarantined,
            "frozen orders": self.frozen,
        }


def _folder(work: Work) -> Path | None:
    """What the press asked for, else the watched folder, which the runtime hands in as the door `order_files`."""
    asked = work.arguments.get("path") or work.doors.get("order_files")
    return Path(asked).absolute() if asked else None


def _import_file(work: Work, path: Path) -> list[str] | None:
    """Take one file in. Returns the identities of the orders it made us hold back; None if it was taken before."""
    content = fetch(path)
    db = work.db.read()
    if files_store.is_taken(db, str(path), content.content_hash, products_store.catalogue(db).fingerprint):
        work.count("files unchanged")
        return None
    file = parse(content)
    raws, superseded = last_wins(file.orders)
    with work.db.transaction() as con:
        work.lease.check(con)
        now = work.now()
        catalogue = products_store.catalogue(con)
        outcome = _take_in(con, raws, catalogue, now)
        outcome.superseded = [one.order_number for one in superseded]
        if not outcome.later:  # else the next poll has to read it again
            _note_taken(con, file, content, outcome, catalogue, work.run_id, now)
        quarantine.resolve(con, REFUSED_FILE, [str(path)], "it could be read", now)
    work.count("files read")
    outcome.count_into(work.count)
    work.log(f"{path.name}: {len(file.orders)} orders ({file.format}): {outcome.summary()}.")
    for sentence in outcome.sentences[:_LINES_LOGGED]:
        work.log(sentence)
    if len(outcome.sentences) > _LINES_LOGGED:
        work.log(f"and {len(outcome.sentences) - _LINES_LOGGED} more like these.")
    return outcome.held


# What a preview calls the fates of orders. The run's own figures have more names; these are the ones a person needs.
Fate = Literal[
    "new",  # taken in
    "updated",  # changed in the shop: ours is replaced
    "unchanged",  # we hold exactly this
    "kept",  # changed in the shop after we had sent it: ours stays, and it is shown to a person
    "closed",  # shipped, cancelled or cleaned up here, or done by hand: left alone
    "later",  # changed while it may be on its way to ShipStation: decided on again at the next import
    "held",  # cannot be taken until somebody mends it or the catalogue
    "skipped",  # read, and not ours to ship
    "superseded",  # a later record of the same file has its number
]


@dataclass(frozen=True, slots=True)
class OrderPreview:
    """What would become of one record of a file."""

    position: int  # in the file, from 1
    order_number: str | None
    fate: Fate
    why: str  # a sentence for a person
    ordered_at: datetime | None = None  # None where the record could not be read that far, like all below
    ship_to: str | None = None
    lines: str = ""  # '6 x 17612, 1 x 17904'
    notes: str = ""  # what would be left out or read generously


@dataclass(frozen=True, slots=True)
class FilePreview:
    """What an import of a file would do now. `figures` are those that the import's run would count."""

    content_hash: str
    format: str
    size: int  # bytes
    orders: tuple[OrderPreview, ...]  # one per record, in the order of the file
    figures: Mapping[str, int]
    withdrawn: tuple[str, ...]  # orders that wait to go up now and would not any more
    taken: files_store.SeenFile | None  # the same content, where it was taken before
    is_taken: bool  # so that an import would skip it: nothing it depends on has changed since

    def count(self, fate: Fate) -> int:
        """How many records would meet this fate."""
        return sum(1 for order in self.orders if order.fate == fate)


def preview(con: Cursor, content: FileContent) -> FilePreview:
    """What an import of this content, from its path, would do now. Writes nothing. Raises OrderFileError."""
    file = parse(content)
    raws, superseded = last_wins(file.orders)
    catalogue = products_store.catalogue(con)
    decided = _decide(con, raws, catalogue)
    outcome = decided.outcome()
    outcome.superseded = [one.order_number for one in superseded]
    outcome.withdrawn = orders_store.withdrawable(con, list(decided.unusable()))
    position = {upload_key(SHOP, raw.order_number): raw.position for raw in raws if raw.order_number is not None}
    orders = [_preview_unfit(one) for one in decided.unfit]
    orders += [
        _preview_order(position[order.order_key], order, decision, decided.known.get(order.order_key))
        for order, decision in decided.orders
    ]
    orders += [
        OrderPreview(
            one.position, one.order_number, "superseded", f"Place {one.by_position} of the file has its newer version."
        )
        for one in superseded
    ]
    return FilePreview(
        content_hash=content.content_hash,
        format=file.format,
        size=file.size,
        orders=tuple(sorted(orders, key=lambda one: one.position)),
        figures={"files read": 1, **outcome.figures()},
        withdrawn=tuple(outcome.withdrawn),
        taken=files_store.file_of(con, content.content_hash),
        is_taken=files_store.is_taken(con, str(content.path), content.content_hash, catalogue.fingerprint),
    )


def _preview_unfit(one: Rejected | Skipped) -> OrderPreview:
    fate: Fate = "held" if isinstance(one, Rejected) else "skipped"
    return OrderPreview(one.raw.position, one.order_number, fate, one.sentence)


def _preview_order(
    position: int, order: ShopOrder, decision: ImportDecision, known: KnownShopOrder | None
) -> OrderPreview:
    fates: Mapping[str, Fate] = {
        "update": "updated",
        "frozen": "kept",
        "tombstoned": "closed",
        "taken_over": "closed",
    }
    fate = fates.get(decision.action, cast(Fate, decision.action))
    if fate == "kept" and known is not None and known.status in _CLOSED:
        fate = "closed"
    return OrderPreview(
        position,
        order.order_number,
        fate,
        decision.reason,
        order.ordered_at,
        order.ship_to.name or order.ship_to.company,
        ", ".join(f"{line.quantity} x {line.base_sku}" for line in order.lines),
        " ".join(order.notes),
    )


def _note_taken(
    con: Cursor,
    file: OrderFile,
    content: FileContent,
    outcome: _Outcome,
    catalogue: Catalogue,
    run_id: str,
    now: datetime,
) -> None:
    taken = files_store.FileTaken(
        content_hash=content.content_hash,
        path=str(content.path),
        format=file.format,
        size=file.size,
        orders=len(file.orders),
        counts={**outcome.kept(), "catalogue": catalogue.fingerprint},
    )
    files_store.put_order_file(con, taken, run_id, now)


@dataclass(frozen=True, slots=True)
class _Decided:
    """What is to become of the records of a batch. Nothing of it is written yet."""

    unfit: tuple[Rejected | Skipped, ...]  # in the order of the batch
    orders: tuple[tuple[ShopOrder, ImportDecision], ...]  # likewise
    known: Mapping[str, KnownShopOrder]  # what we hold of those orders, by order key

    def unusable(self) -> dict[str, str]:
        """Why, by the key of the order whose newest version cannot go up."""
        return {upload_key(SHOP, one.order_number): one.sentence for one in self.unfit if one.order_number is not None}

    def outcome(self) -> _Outcome:
        """The batch counted, but for what only the writing of it can tell."""
        outcome = _Outcome()
        for unfit in self.unfit:
            outcome.sentences.append(unfit.sentence)
            if isinstance(unfit, Rejected):
                outcome.held.append(_identity(unfit.raw))
                outcome.quarantined.setdefault(unfit.reason, []).append(outcome.held[-1])
            else:
                outcome.skipped.setdefault(unfit.reason, []).append(unfit.order_number)
        for order, decision in self.orders:
            getattr(outcome, _FIGURE_OF.get(decision.action, decision.action)).append(order.order_number)
        return outcome


_FIGURE_OF = {"update": "updated"}  # actions that are counted under another name than their own


def _decide(con: Cursor, raws: Sequence[RawShopOrder], catalogue: Catalogue) -> _Decided:
    """Read every record and decide on it by what we hold now."""
    unfit: list[Rejected | Skipped] = []
    orders: list[ShopOrder] = []
    for raw in raws:
        read = read_shop_order(raw, catalogue)
        if isinstance(read, ShopOrder):
            orders.append(read)
        else:
            unfit.append(read)
    keys = [order.order_key for order in orders]
    known = orders_store.known_shop_orders(con, keys)
    gone = orders_store.tombstoned(con, keys)
    by_hand = quarantine.taken_over(con, HELD_ORDER, [order.order_number for order in orders])
    by_hand |= quarantine.taken_over(con, REFUSED_ORDER, keys)
    decided = (
        (
            order,
            decide_import(
                order,
                known.get(order.order_key),
                tombstoned=order.order_key in gone,
                taken_over=not by_hand.isdisjoint((order.order_number, order.order_key)),
            ),
        )
        for order in orders
    )
    return _Decided(tuple(unfit), tuple(decided), known)


def _take_in(con: Cursor, raws: Sequence[RawShopOrder], catalogue: Catalogue, now: datetime) -> _Outcome:
    """Decide on every record and write what follows, in the caller's transaction."""
    decided = _decide(con, raws, catalogue)
    outcome = decided.outcome()
    # Order numbers that need no holding back (any more).
    settled = [_identity(one.raw) for one in decided.unfit if isinstance(one, Skipped)]
    settled += [
        order.order_number for order, decision in decided.orders if decision.action not in ("later", "taken_over")
    ]
    to_write = [order for order, decision in decided.orders if decision.action in ("new", "update")]
    orders_store.put_shop_orders(con, to_write, now)
    unusable = decided.unusable()
    if unusable:
        outcome.withdrawn = orders_store.withdraw(con, unusable, now)
        outcome.sentences += [f"Order {number} waited to go up; it does not now." for number in outcome.withdrawn]
    _note_shared_numbers(con, [order for order, decision in decided.orders if decision.action == "new"], now)
    outcome.sentences += _note_changed(con, decided.orders, decided.known, now)
    quarantine.put(con, [_held_entry(one) for one in decided.unfit if isinstance(one, Rejected)], now)
    quarantine.resolve(con, HELD_ORDER, settled, "it is in order", now)
    return outcome


def _identity(raw: RawShopOrder) -> str:
    """What an order is known by in quarantine: its number, or what it says where it has no number that can be one."""
    number = raw.order_number
    if number is not None and len(number) <= MAX_ORDER_NUMBER:
        return number
    said = repr((raw.format, sorted(raw.fields.items()), [sorted(line.items()) for line in raw.lines]))
    return "no number: " + hashlib.sha256(said.encode()).hexdigest()[:16]


def _held_entry(rejected: Rejected) -> quarantine.Entry:
    return quarantine.Entry(
        kind=HELD_ORDER,
        entity_id=_identity(rejected.raw),
        order_number=rejected.order_number,
        reason=rejected.reason,
        detail=rejected.sentence,
        raw=rejected.raw.to_json(),
    )


def _note_changed(
    con: Cursor,
    decided: Iterable[tuple[ShopOrder, ImportDecision]],
    known: Mapping[str, KnownShopOrder],
    now: datetime,
) -> list[str]:
    """Show which open orders the shop changed after we had sent them; those that agree (again) need no look."""
    odd: list[quarantine.Entry] = []
    fine: list[str] = []
    for order, decision in decided:
        held = known.get(order.order_key)
        if decision.action != "frozen" or held is None or held.status in _CLOSED:
            fine.append(order.order_number)
            continue
        entry = quarantine.Entry(
            kind=CHANGED_ORDER,
            entity_id=order.order_number,
            order_number=order.order_number,
            reason="changed_after_upload",
            detail=f"Order {order.order_number}: {decision.reason} Ours stays as it was sent; look into the shop, and"
            " change the order in ShipStation if it has to be.",
            raw=None,
            held=False,
        )
        odd.append(entry)
    quarantine.put(con, odd, now)
    quarantine.resolve(con, CHANGED_ORDER, fine, "shop and ShipStation agree again, or it is closed", now)
    return [entry.detail for entry in odd]


def _close_changed(work: Work, shown: Sequence[str]) -> None:
    """A change that was shown while its order was open needs no look once the order is closed or cleaned up."""
    if not shown:
        return
    known = orders_store.known_shop_orders(work.db.read(), [upload_key(SHOP, number) for number in shown])
    open_keys = {key for key, order in known.items() if order.status not in _CLOSED}
    over = [number for number in shown if upload_key(SHOP, number) not in open_keys]
    if over:
        with work.db.transaction() as con:
            work.lease.check(con)
            quarantine.resolve(con, CHANGED_ORDER, over, "the order is closed", work.now())


def _note_shared_numbers(con: Cursor, new: Sequence[ShopOrder], now: datetime) -> None:
    """Show which numbers another source has too: both orders are kept (DESIGN D10)."""
    others = orders_store.numbers_of_other_sources(con, SHOP, [order.order_number for order in new])
    entries = [
        quarantine.Entry(
            kind="conflict",
            entity_id=upload_key(SHOP, number),
            order_number=number,
            reason="new_shop_shared_number",
            detail=f"Order number {number} of the shop belongs to {other_key} too. Both are kept; check that they are"
            " two orders.",
            raw=None,
            held=False,
        )
        for number, other_key in others.items()
    ]
    quarantine.put(con, entries, now)


def _note_refused(work: Work, error: OrderFileError) -> None:
    """Show a file that could not be read. One that is being written is gone from the list once it is read."""
    work.count("files incomplete" if error.incomplete else "files refused")
    work.log(str(error))
    entry = quarantine.Entry(
        kind=REFUSED_FILE,
        entity_id=error.path,
        order_number=None,
        reason="incomplete" if error.incomplete else "unreadable",
        detail=str(error),
        raw=None,
    )
    with work.db.transaction() as con:
        work.lease.check(con)
        quarantine.put(con, [entry], work.now())


def _close_refused(work: Work, unchanged: set[str], folder: Path | None, listed: set[str]) -> None:
    """A refused file needs no look any more once it holds again what was taken before, or is gone from its folder."""
    refused = [one.entry.entity_id for one in quarantine.open_entries(work.db.read(), [REFUSED_FILE])]
    over = {
        "it could be read": [path for path in refused if path in unchanged],
        "the file is gone": [path for path in refused if Path(path).parent == folder and path not in listed],
    }
    if any(over.values()):
        with work.db.transaction() as con:
            work.lease.check(con)
            for resolution, paths in over.items():
                quarantine.resolve(con, REFUSED_FILE, paths, resolution, work.now())
