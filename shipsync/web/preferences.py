"""What a person sets. Each action asks for the role first, keeps only what was changed, and says what came of it."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from shipsync import runtime
from shipsync.errors import LoadError, StoreError
from shipsync.procedures.edit_catalogue import set_key_products
from shipsync.rules.catalogue_edits import merge
from shipsync.rules.preferences import MOST_MINUTES, PREFERENCES, check
from shipsync.store import settings as store
from shipsync.store import workflows
from shipsync.store.cursor import Cursor
from shipsync.web import words
from shipsync.web.roles import Role, require

NOTHING = "Nothing was different, so nothing was saved."


@dataclass(frozen=True, slots=True)
class Kept:
    """What came of a save."""

    said: str = ""  # what was done; empty where nothing was, because of problems
    problems: Mapping[str, str] = field(default_factory=dict)  # sentence by the name of the field; "" for all of them


def in_force(con: Cursor) -> dict[str, str]:
    """Every setting as it holds now: what somebody set, else what it starts as."""
    there = store.all_settings(con)
    return {name: there.get(name, one.default) for name, one in PREFERENCES.items()}


def save_settings(shown: Mapping[str, str], typed: Mapping[str, str]) -> Kept:
    """Keep these settings of somebody who was shown `shown`: all of them, or none where one has a problem."""
    person = require(Role.ADMIN)
    app = runtime.app()
    checked = check(typed)
    if checked.problems:
        return Kept(problems=checked.problems)
    try:
        with app.db.transaction() as con:
            now = in_force(con)
            merged = merge(shown, checked.values, {name: now[name] for name in typed})
            if merged.conflicts:
                return Kept(problems={name: _changed_meanwhile(now[name]) for name in merged.conflicts})
            for change in merged.changes:
                store.set_setting(con, change.key, change.after or "", person.name, app.now(), before=change.before)
    except StoreError as error:
        return Kept(problems={"": str(error)})
    return _kept([PREFERENCES[change.key].label for change in merged.changes])


def save_intervals(shown: Mapping[str, int], typed: Mapping[str, int]) -> Kept:
    """Keep how often workflows come round, in minutes; the schedule follows at once."""
    person = require(Role.ADMIN)
    app = runtime.app()
    wrong = {
        name: f"{minutes} is not from 1 to {MOST_MINUTES} minutes."
        for name, minutes in typed.items()
        if not 1 <= minutes <= MOST_MINUTES
    }
    if wrong:
        return Kept(problems=wrong)
    try:
        with app.db.transaction() as con:
            now = {one.workflow: one.interval_minutes or 0 for one in workflows.all_controls(con)}
            merged = merge(shown, typed, {name: now.get(name, 0) for name in typed})
            if merged.conflicts:
                return Kept(problems={name: _changed_meanwhile(f"{now[name]} min") for name in merged.conflicts})
            for change in merged.changes:
                workflows.set_interval(con, change.key, change.after or 0, person.name, app.now())
    except StoreError as error:
        return Kept(problems={"": str(error)})
    app.schedule.refresh()
    return _kept([change.key for change in merged.changes])


def save_key_products(shown: Collection[str], chosen: Collection[str]) -> Kept:
    """Mark exactly these products as key."""
    person = require(Role.ADMIN)
    app = runtime.app()
    try:
        with app.db.transaction() as con:
            saved = set_key_products(con, shown, chosen, person.name, app.now())
    except (LoadError, StoreError) as error:
        return Kept(problems={"": " ".join(error.problems) if isinstance(error, LoadError) else str(error)})
    return _kept(list(saved.changed))


def _changed_meanwhile(now: str) -> str:
    return f"Somebody else has set this to '{now}' meanwhile. Load the page again."


def _kept(changed: list[str]) -> Kept:
    return Kept(words.plain(f"Saved: {', '.join(changed)}.") if changed else NOTHING)
