"""The state of things at one glance: what `status` shows and alerts are told from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import TypeVar
from zoneinfo import ZoneInfo

from shipsync.errors import StoreError
from shipsync.rules.alerts import Facts, Held, Late, Machine, MailTrouble, UnknownSku
from shipsync.rules.deployment import UNIFIED
from shipsync.rules.lateness import CutOff
from shipsync.rules.order_formats import RawShopOrder
from shipsync.rules.shop_lines import unknown_skus as unknown_skus_of
from shipsync.store import closings, deployment, inventory, lateness, outbox, products, uploads, workflows
from shipsync.store.cursor import Cursor
from shipsync.store.workflows import Control

T = TypeVar("T")

_HELD_AND_HERE = """
    WITH held AS (
        SELECT kind, entity_id, TRY_CAST(entity_id AS BIGINT) AS order_id
        FROM quarantine
        WHERE held AND resolved_at IS NULL
    )
    SELECT (SELECT count(*)
            FROM orders_inbox
            WHERE shipstation_order_id IN (SELECT order_id FROM held WHERE kind IN ('order', 'conflict')))
           + (SELECT count(*)
              FROM orders_inbox
              WHERE source_system = 'X-Cart'
                AND order_number IN (SELECT entity_id FROM held WHERE kind = 'shop_order'))
"""

_UPLOAD, _BACKUP = "shipstation-upload", "backup"
_RAW_LOOKED_AT = 200  # held orders whose unknown SKUs are named


@dataclass(frozen=True, slots=True)
class Runs:
    """How the workflows that come round by themselves went."""

    last_sync_took: timedelta | None  # of the newest sync that succeeded; of two the longer one
    sync_running_since: datetime | None
    failures: Mapping[str, str]  # workflow -> error, where its newest ended run failed
    failing_since: Mapping[str, datetime]  # when the first of these failures in a row ended


def facts(con: Cursor) -> Facts:
    """What alerts are told from, but for late orders and the machine, which depend on the time (`told_now`).

    A question that cannot be answered is named in `unread`, and what it would have said is left empty.
    """
    unread: dict[str, str] = {}
    syncs: tuple[str, ...] = _asked("workflows", lambda: deployment.production_syncs(con), (UNIFIED,), unread)
    controls: dict[str, Control] = _asked("workflows", lambda: _controls(con), {}, unread)
    runs = _asked("runs", lambda: runs_of(con, syncs), Runs(None, None, {}, {}), unread)
    nothing_waits: tuple[int, datetime | None] = (0, None)
    waiting, oldest_upload_at = _asked("uploads", lambda: waiting_uploads(con), nothing_waits, unread)
    made_at = _asked("mark", lambda: _made_at(con), None, unread)
    return Facts(
        complete_through=_asked("mark", lambda: deployment.production_mark(con).complete_through, None, unread),
        is_sync_enabled=all(_is_enabled(controls, one) for one in syncs),
        last_sync_took=runs.last_sync_took,
        last_failures=runs.failures,
        held=_asked("quarantine", lambda: held(con), [], unread),
        waiting_uploads=waiting,
        is_upload_enabled=_is_enabled(controls, _UPLOAD),
        sync_interval=_longest(_interval(controls, one) for one in syncs),
        sync_running_since=runs.sync_running_since,
        made_at=made_at,
        failing_since=runs.failing_since,
        intervals={name: control.interval_minutes for name, control in controls.items()},
        oldest_upload_at=oldest_upload_at,
        unknown_skus=_asked("unknown SKUs", lambda: unknown_skus(con), [], unread),
        last_backup_at=_asked("backups", lambda: last_backup_at(con), None, unread),
        is_backup_enabled=_is_enabled(controls, _BACKUP),
        short_skus=_asked("stock", lambda: inventory.critical(con), [], unread),
        last_closed_on=_asked("closings", lambda: _last_closed(con, "eod"), None, unread),
        last_closed_month=_asked("closings", lambda: _last_closed(con, "eom"), None, unread),
        mail=_asked("mails", lambda: outbox.trouble(con), MailTrouble(0, 0, None, None), unread),
        syncs=syncs,
        # Of a migration that is done nobody can have asked for a cut-over.
        refused_cut_over=None
        if syncs == (UNIFIED,)
        else _asked("workflows", lambda: deployment.newest_refusal(con), None, unread),
        unread=unread,
    )


def told_now(
    known: Facts, machine: Machine, cut_off: CutOff | str, late: Callable[[datetime], Late], now: datetime
) -> Facts:
    """The same facts with what depends on the time.

    `late` answers which orders wait that came in before an instant; a cut-off that is a sentence cannot be told.
    """
    if isinstance(cut_off, str):
        return replace(known, machine=machine, unread={**known.unread, "late": cut_off})
    unread = dict(known.unread)
    found = _asked("late", lambda: late(cut_off.last_before(now)), None, unread)
    return replace(known, machine=machine, cut_off=cut_off, late=found, unread=unread)


def cut_off(con: Cursor, zone: ZoneInfo) -> CutOff | str:
    """By when orders have to go out, or the sentence that says why nobody can tell it."""
    try:
        return lateness.cut_off(con, zone)
    except (StoreError, ValueError) as error:
        return str(error)


def _asked(question: str, ask: Callable[[], T], otherwise: T, unread: dict[str, str]) -> T:
    try:
        return ask()
    except (StoreError, ValueError) as error:
        unread[question] = str(error)
        return otherwise


def _controls(con: Cursor) -> dict[str, Control]:
    return {control.workflow: control for control in workflows.all_controls(con)}


def _is_enabled(controls: Mapping[str, Control], workflow: str) -> bool:
    return workflow not in controls or controls[workflow].enabled


def _interval(controls: Mapping[str, Control], workflow: str) -> timedelta | None:
    minutes = controls[workflow].interval_minutes if workflow in controls else None
    return timedelta(minutes=minutes) if minutes else None


def _longest(intervals: Iterable[timedelta | None]) -> timedelta | None:
    """The longest; None where one comes only when asked."""
    found = list(intervals)
    return max([one for one in found if one is not None], default=None) if None not in found else None


def _last_closed(con: Cursor, kind: closings.Kind) -> date | None:
    newest = closings.newest_closed(con, kind)
    return newest.period_start if newest is not None else None


def _made_at(con: Cursor) -> datetime | None:
    made_at: datetime | None = con.value("SELECT min(applied_at) FROM schema_migrations")
    return made_at


def runs_of(con: Cursor, syncs: Sequence[str] = (UNIFIED,)) -> Runs:
    """How the workflows that come round by themselves went. Asks the newest runs only, however many there were.

    `syncs` are those that write production.
    """
    took, running_since = con.rows(
        """
        SELECT (SELECT max(took)
                FROM (SELECT arg_max(finished_at - started_at, token) AS took
                      FROM runs
                      WHERE workflow_name IN (SELECT unnest($syncs)) AND status = 'succeeded'
                      GROUP BY workflow_name)),
               (SELECT max(started_at)
                FROM runs
                WHERE workflow_name IN (SELECT unnest($syncs)) AND status = 'running')
        """,
        {"syncs": list(syncs)},
    )[0]
    rows = con.rows(
        """
        WITH newest AS (
            SELECT workflow_name,
                   arg_max(status, token) AS status,
                   coalesce(arg_max(error, token), 'no reason was recorded') AS error,
                   coalesce(max(token) FILTER (WHERE status = 'succeeded'), 0) AS good
            FROM runs
            WHERE finished_at IS NOT NULL
              AND workflow_name IN (SELECT workflow_name FROM workflow_controls WHERE enabled)
            GROUP BY workflow_name
        )
        SELECT workflow_name, newest.error, min(runs.finished_at)
        FROM newest
        JOIN runs USING (workflow_name)
        WHERE newest.status = 'failed' AND runs.status = 'failed' AND runs.token > newest.good
        GROUP BY workflow_name, newest.error
        """
    )
    return Runs(took, running_since, {name: error for name, error, _ in rows}, {name: at for name, _, at in rows})


def last_failures(con: Cursor) -> dict[str, str]:
    """Per workflow that comes round by itself and whose newest ended run failed: its error."""
    return dict(runs_of(con).failures)


def held(con: Cursor) -> list[Held]:
    """Open quarantine entries by reason, the oldest reason first."""
    rows = con.rows(
        """
        SELECT reason, count(*), min(first_seen_at), arg_min(detail, first_seen_at)
        FROM quarantine
        WHERE resolved_at IS NULL
        GROUP BY reason
        ORDER BY min(first_seen_at), reason
        """
    )
    return [Held(*row) for row in rows]


def unknown_skus(con: Cursor) -> list[UnknownSku]:
    """SKUs that hold orders of the shop back because nobody has said what they are, the most wanted first."""
    rows = con.rows(
        """
        SELECT raw, first_seen_at
        FROM quarantine
        WHERE resolved_at IS NULL AND kind = 'shop_order' AND reason = 'unknown_sku' AND raw IS NOT NULL
        ORDER BY first_seen_at, entity_id
        LIMIT $limit
        """,
        {"limit": _RAW_LOOKED_AT},
    )
    if not rows:
        return []
    catalogue = products.catalogue(con)
    since: defaultdict[str, list[datetime]] = defaultdict(list)
    for raw, first_seen_at in rows:
        for sku in unknown_skus_of(RawShopOrder.from_json(raw), catalogue):
            since[sku].append(first_seen_at)
    found = [UnknownSku(sku, len(seen), min(seen)) for sku, seen in since.items()]
    return sorted(found, key=lambda one: (-one.orders, one.sku))


def waiting_uploads(con: Cursor) -> tuple[int, datetime | None]:
    """How many shop orders wait to go up, and when the oldest of them was taken in."""
    count = uploads.count_pending(con)
    if not count:
        return 0, None
    oldest_at: datetime | None = con.value("SELECT min(created_at) FROM orders_inbox WHERE status = 'pending'")
    return count, oldest_at


def last_backup_at(con: Cursor) -> datetime | None:
    """When the newest backup ended that proved equal to the database; None before the first."""
    at: datetime | None = con.value(
        "SELECT max(finished_at) FROM runs WHERE workflow_name = $backup AND status = 'succeeded'", {"backup": _BACKUP}
    )
    return at


@dataclass(frozen=True, slots=True)
class OrderCensus:
    """How many orders belong here."""

    here: int  # in the tables
    seen: int  # those, and the ones that are held for a person


def order_census(con: Cursor) -> OrderCensus:
    """How many orders are in, of all that belong here.

    A newer version of an order that is in may be held, too; it is one order. Orders of ShipStation are held by their
    id there, orders of the shop by their number.
    """
    here, held = con.rows(
        """
        SELECT (SELECT count(*) FROM orders_inbox),
               (SELECT count(*)
                FROM quarantine
                WHERE held AND resolved_at IS NULL AND kind IN ('order', 'conflict', 'shop_order'))
        """
    )[0]
    both = con.value(_HELD_AND_HERE) if held else 0  # nothing is held most of the time, and this looks at every order
    return OrderCensus(here, here + held - both)


def interval_minutes(con: Cursor, workflow: str) -> int | None:
    """How often a workflow comes round; None where it does not, or is not known."""
    control = workflows.control_of(con, workflow)
    return control.interval_minutes if control is not None else None
