"""The lock a run holds on its workflow (DESIGN D7).

It expires unless the run keeps saying that it is alive, and it carries a token that is checked in every transaction
that applies something. So a run that was stopped for longer than its lock lives (a suspended machine, a stuck disk)
finds out before it writes, whatever it believes itself.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from shipsync.errors import LockBusy, LockLost
from shipsync.store import locks
from shipsync.store.cursor import Cursor
from shipsync.store.db import Database

TTL = timedelta(seconds=60)
BEAT_EVERY = timedelta(seconds=10)


@dataclass
class RunLease:
    """A lock taken for one run. Ends by `release`, or by nobody prolonging it for a minute."""

    db: Database
    workflow: str
    run_id: str
    token: int
    now: Callable[[], datetime]
    ttl: timedelta = TTL

    def check(self, con: Cursor) -> None:
        """Raise LockLost unless this run still holds the lock; prolongs it. Inside every applying transaction.

        One that was prolonged a moment ago is only looked at: there is one writer at a time, so nobody can take it
        before this transaction ends.
        """
        now = self.now()
        expires_at = locks.expiry(con, self.workflow, self.token, self.run_id)
        if expires_at is None:
            raise LockLost(self.workflow, self.run_id)
        if expires_at - now <= self.ttl - BEAT_EVERY:
            locks.prolong(con, self.workflow, self.token, self.run_id, now, now + self.ttl)

    def beat(self) -> None:
        """Prolong the lock; raises LockLost. Inside a transaction of this thread it does nothing: `check` does it."""
        if self.db.in_transaction:
            return
        with self.db.transaction() as con:
            self.check(con)

    def release(self, con: Cursor) -> bool:
        """Free the lock, if it is still this run's."""
        return locks.release(con, self.workflow, self.token, self.run_id)


def take(
    con: Cursor, db: Database, workflow: str, owner: str, now: Callable[[], datetime], ttl: timedelta = TTL
) -> RunLease:
    """Take the workflow's lock for a new run, inside a transaction; expired ones are taken over.

    `owner` names this process instance. Raises LockBusy if another run holds it.
    """
    at = now()
    taken = locks.take(con, workflow, owner, at, at + ttl)
    if taken is None:
        holder = locks.holder(con, workflow)
        if holder is not None:
            raise LockBusy(workflow, holder.run_id)
        locks.add_missing_locks(con, [workflow])
        taken = locks.take(con, workflow, owner, at, at + ttl)
    if taken is None:
        raise LockBusy(workflow, "unknown")
    return RunLease(db, workflow, taken.run_id, taken.token, now, ttl)
