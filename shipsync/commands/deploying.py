"""`parity`: which sync writes production, what has to be shown before another one may, and the changes of it."""

from __future__ import annotations

import argparse

from shipsync.commands.answer import USAGE, Answer
from shipsync.commands.opening import open_desk
from shipsync.commands.working import drill, replay
from shipsync.config import Settings
from shipsync.desk.records import CHANGES, Deployment


def parity(settings: Settings, options: argparse.Namespace) -> Answer:
    """`parity {status,replay,drill}`, `parity {begin,promote,cutover,rollback,finish} --by NAME --reason TEXT`."""
    if options.action == "status":
        with open_desk(settings) as desk:
            return _status(desk.deployment())
    if options.action == "replay":
        return replay(settings, options)
    if options.action == "drill":
        return drill(settings, options)
    missing = [name for name in ("by", "reason") if not (getattr(options, name) or "").strip()]
    if missing:
        text = f"A {options.action} needs {' and '.join(f'--{name}' for name in missing)}."
        return Answer([text], {"error": text}, USAGE)
    with open_desk(settings) as desk:
        done = desk.deploy(
            CHANGES[options.action],
            by=options.by,
            reason=options.reason,
            reviewed_by=options.reviewed_by or "",
            dry_run=options.dry_run,
        )
    return Answer(done.lines, done.model_dump(mode="json", exclude={"lines"}))


def _status(told: Deployment) -> Answer:
    since = f", since {told.since:%Y-%m-%d %H:%M} UTC by {told.by}" if told.since is not None else ""
    lines = [f"{told.name.capitalize()}{since}."]
    lines += [f"{one.workflow}: {one.does}" for one in told.workflows]
    lines.append(f"Next: {told.next_change}.")
    lines += [f"{one.result:<12}  {one.name}: {one.words}" for one in told.gates]
    lines += [f"{one.result:<12}  {one.name}: {one.words}" for one in told.claims]
    return Answer(lines, told.model_dump(mode="json"))
