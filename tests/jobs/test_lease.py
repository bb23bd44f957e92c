"""The lock of a workflow: one holder whose token is accepted, whatever happens to the others (DESIGN I6)."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shipsync.errors import LockBusy, LockLost
from shipsync.jobs.lease import RunLease, take
from shipsync.store import locks
from shipsync.store.db import open_database
from shipsync.store.migrations import migrate


def taken(app: Any, owner: str | None = None) -> RunLease:
    with app.db.transaction() as con:
        return take(con, app.db, "sync", owner or app.owner, app.now)


def write(app: Any, lease: RunLease, name: str) -> None:
    """An applying transaction, as procedures make them."""
    with app.db.transaction() as con:
        lease.check(con)
        con.execute(
            "INSERT INTO settings (name, value, updated_at, updated_by) VALUES ($name, '', $now, 'test')",
            {"name": name, "now": app.now()},
        )


def written(app: Any) -> list[str]:
    rows = app.db.read().rows("SELECT name FROM settings WHERE updated_by = 'test' ORDER BY name")
    return [name for (name,) in rows]


def test_a_free_lock_is_taken_and_a_taken_one_is_busy(app: Any) -> None:
    lease = taken(app)
    assert (lease.run_id, lease.token) == ("sync.1", 1)
    with pytest.raises(LockBusy, match=r"run sync\.1") as raised:
        taken(app, "another process")
    assert raised.value.holder_run_id == "sync.1"


def test_a_released_lock_is_free_and_its_token_is_never_given_again(app: Any) -> None:
    lease = taken(app)
    with app.db.transaction() as con:
        assert lease.release(con)
        assert not lease.release(con)
    assert taken(app).token == 2


def test_the_locks_of_two_workflows_are_two(app: Any) -> None:
    taken(app)
    with app.db.transaction() as con:
        assert take(con, app.db, "upload", app.owner, app.now).run_id == "upload.1"


def test_an_expired_lock_is_taken_over_and_the_zombie_writes_nothing_more(app: Any) -> None:
    """A run is suspended for longer than its lock lives, another begins, and the first wakes up."""
    zombie = taken(app)
    write(app, zombie, "before the sleep")
    app.now.advance(seconds=60)
    successor = taken(app, "another process")
    with pytest.raises(LockLost, match=r"sync\.1.*stopped without writing"):
        write(app, zombie, "after the sleep")
    with pytest.raises(LockLost):
        zombie.beat()
    with app.db.transaction() as con:
        assert not zombie.release(con)
    write(app, successor, "by the successor")
    assert written(app) == ["before the sleep", "by the successor"]


def test_a_zombie_is_refused_also_after_its_successor_has_ended(app: Any) -> None:
    zombie = taken(app)
    app.now.advance(seconds=61)
    successor = taken(app)
    with app.db.transaction() as con:
        successor.release(con)
    with pytest.raises(LockLost):
        write(app, zombie, "late")
    assert written(app) == []


def test_a_lock_that_is_beaten_or_checked_does_not_expire(app: Any) -> None:
    lease = taken(app)
    for number in range(5):
        app.now.advance(seconds=50)
        lease.beat()
        app.now.advance(seconds=50)
        write(app, lease, str(number))
    with pytest.raises(LockBusy):
        taken(app)


def test_a_late_run_whose_lock_nobody_wanted_goes_on(app: Any) -> None:
    lease = taken(app)
    app.now.advance(hours=3)
    write(app, lease, "late but alone")
    assert written(app) == ["late but alone"]


def test_a_beat_inside_a_transaction_leaves_it_to_the_check(app: Any) -> None:
    lease = taken(app)
    with app.db.transaction() as con:
        lease.beat()
        lease.check(con)


def test_what_earlier_processes_left_locked_is_freed_and_our_own_is_not(app: Any) -> None:
    ours = taken(app)
    with app.db.transaction() as con:
        take(con, app.db, "upload", "a process that is gone", app.now)
        assert locks.free_locks_of_others(con, app.owner) == ["upload.1"]
        assert locks.holder(con, "upload") is None
        assert locks.holder(con, "sync") == locks.Holder("sync.1", app.owner, app.now() + timedelta(seconds=60))
    ours.beat()


class OneAcceptedToken(RuleBasedStateMachine):
    """Runs begin, sleep, write, beat and end in any order: at most one is ever accepted, the newest (I6)."""

    def __init__(self) -> None:
        super().__init__()
        self.at = datetime(2026, 3, 3, tzinfo=UTC)
        self.db = open_database(None)
        migrate(self.db, self.at)
        self.leases: list[RunLease] = []

    def now(self) -> datetime:
        return self.at

    @rule(owner=st.sampled_from(["a", "b"]))
    def begin(self, owner: str) -> None:
        with suppress(LockBusy), self.db.transaction() as con:
            self.leases.append(take(con, self.db, "sync", owner, self.now))

    @rule(seconds=st.integers(1, 90))
    def time_passes(self, seconds: int) -> None:
        self.at += timedelta(seconds=seconds)

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def beat(self, data: st.DataObject) -> None:
        with suppress(LockLost):
            data.draw(st.sampled_from(self.leases)).beat()

    @precondition(lambda self: self.leases)
    @rule(data=st.data())
    def end(self, data: st.DataObject) -> None:
        with self.db.transaction() as con:
            data.draw(st.sampled_from(self.leases)).release(con)

    @invariant()
    def at_most_the_newest_is_accepted(self) -> None:
        accepted = []
        for lease in self.leases:
            row = self.db.read().row(
                "SELECT 1 FROM sync_locks WHERE workflow_name = 'sync' AND token = $token AND run_id = $run_id",
                {"token": lease.token, "run_id": lease.run_id},
            )
            if row is not None:
                accepted.append(lease.token)
        assert accepted in ([], [max((lease.token for lease in self.leases), default=0)])

    def teardown(self) -> None:
        self.db.close()


TestOneAcceptedToken = OneAcceptedToken.TestCase
TestOneAcceptedToken.settings = settings(max_examples=25, stateful_step_count=25, deadline=None)
