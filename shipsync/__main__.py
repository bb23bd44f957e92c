"""The command line: `python -m shipsync COMMAND` (DESIGN section 5).

Each command prints a line for a person, or with --json one object for a program. Exit codes: 0 done, 1 the job failed,
2 wrong usage or configuration, 3 busy (another process holds the database, or another run the lock).
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from shipsync.config import Settings, load_settings
from shipsync.errors import Busy, ConfigurationError, ShipsyncError, StoreMismatch

DONE, FAILED, USAGE, BUSY = 0, 1, 2, 3
COMMAND_LINE = "command line"
SANDBOX = "Sandbox: no ShipStation credentials are set, so this is a made-up world."
_STAMP = re.compile(r"^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d ")


@dataclass(frozen=True)
class Answer:
    """What a command has to say: lines for a person, data for a program, and how it went."""

    lines: Sequence[str]
    data: Mapping[str, Any]
    code: int = DONE


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO if options.verbose else logging.WARNING, format="%(asctime)s %(name)s: %(message)s"
    )
    command: Callable[[Settings, argparse.Namespace], Answer] = options.command
    try:
        answer = command(load_settings(os.environ), options)
    except ConfigurationError as error:
        answer = Answer(error.problems, {"problems": error.problems}, USAGE)
    except StoreMismatch as error:
        answer = Answer([str(error)], {"error": str(error)}, USAGE)
    except Busy as error:
        answer = Answer([str(error)], {"error": str(error)}, BUSY)
    except ShipsyncError as error:
        answer = Answer(str(error).splitlines(), {"error": str(error)}, FAILED)
    _print(answer, as_json=options.json)
    return answer.code


def _print(answer: Answer, *, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"ok": answer.code == DONE, **answer.data}, default=str))
        return
    for line in answer.lines:
        print(line, file=sys.stdout if answer.code == DONE else sys.stderr)


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="print one JSON object instead of lines")
    shared.add_argument("--verbose", action="store_true", help="print what happens inside, too")
    parser = argparse.ArgumentParser(prog="python -m shipsync", description=__doc__.splitlines()[0])
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def add(name: str, command: Callable[..., Answer], text: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=text, description=text, parents=[shared])
        one.set_defaults(command=command)
        return one

    add("run", _run, "Run schedule and worker until Ctrl-C.")
    sync = add("sync", _sync, "Bring in what changed at ShipStation since the mark.")
    sync.add_argument("--everything", action="store_true", help="ask every list, also those whose turn it is not")
    one = add("import", _import, "Take new orders from an order file or a folder of them.")
    one.add_argument("path", type=Path, metavar="PATH")
    add("upload", _upload, "Send waiting shop orders up to ShipStation.")
    one = add("cleanup", _cleanup, "Clear closed orders older than 60 days from the inbox.")
    one.add_argument("--dry-run", action="store_true", help="only list what would go")
    add("status", _status, "Say how far the data is complete, and what needs a person.")
    one = add("jobs", _jobs, "List the newest jobs.")
    one.add_argument("--limit", type=int, default=20)
    workflow = add("workflow", _workflow, "List the workflows, or switch one on or off.")
    workflow.add_argument("action", choices=["list", "enable", "disable"])
    workflow.add_argument("name", nargs="?", metavar="NAME")
    add("backup", _backup, "Copy the database while it runs, verified.").add_argument("path", type=Path, metavar="FILE")
    one = add("restore", _restore, "Put a backup in the place of the database.")
    one.add_argument("path", type=Path, metavar="FILE")
    one = add("load", _load, "Load products or bundles from a CSV; a bad line leaves everything as it was.")
    one.add_argument("what", choices=["products", "bundles"])
    one.add_argument("path", type=Path, metavar="FILE.csv")
    one = add("simulate", _simulate, "Run the whole order loop against a made-up world on a virtual clock.")
    one.add_argument("--days", type=int, default=1)
    one.add_argument("--seed", type=int, default=1)
    one.add_argument("--orders-per-day", type=float, default=100)
    one.add_argument("--faults", action="store_true", help="let faults of ShipStation and the network come and go")
    add("doctor", _doctor, "Check the configuration and everything in the database.")
    return parser


# Jobs


def _sync(settings: Settings, options: argparse.Namespace) -> Answer:
    return _job(settings, "shipstation-sync", {"everything": True} if options.everything else {})


def _import(settings: Settings, options: argparse.Namespace) -> Answer:
    return _job(settings, "xml-import", {"path": str(options.path.resolve())})


def _upload(settings: Settings, _: argparse.Namespace) -> Answer:
    return _job(settings, "shipstation-upload", {})


def _cleanup(settings: Settings, options: argparse.Namespace) -> Answer:
    return _job(settings, "orders-cleanup", {"dry_run": True} if options.dry_run else {})


def _backup(settings: Settings, options: argparse.Namespace) -> Answer:
    return _job(settings, "backup", {"path": str(options.path.resolve())})


def _load(settings: Settings, options: argparse.Namespace) -> Answer:
    arguments = {"what": options.what, "path": str(options.path.resolve()), "by": COMMAND_LINE}
    return _job(settings, "load", arguments)


def _job(settings: Settings, kind: str, arguments: Mapping[str, object]) -> Answer:
    """Run one job to its end and tell what it did, in the words of its own log."""
    from shipsync.runtime import open_app
    from shipsync.store import runs

    with open_app(settings) as app:
        job = app.run_now(kind, arguments, COMMAND_LINE)
        run = runs.run(app.db.read(), job.run_id) if job.run_id is not None else None
        is_sandbox = settings.is_sandbox
    lines = [SANDBOX] if is_sandbox else []
    if run is not None:
        # The log's own time stamps help in the app; here everything is a moment ago. The error follows below.
        said = [_STAMP.sub("", line) for line in run.log]
        lines += said[: next((n for n, line in enumerate(said) if line.startswith("Failed: ")), None)]
    if job.result is not None and job.result.get("disabled"):
        lines.append(f"{kind} is disabled and did nothing. Switch it on with: workflow enable {kind}")
    if job.error:
        lines.append(job.error)
    data: dict[str, Any] = {"job_id": job.job_id, "status": job.status, "result": job.result, "error": job.error}
    if run is not None:
        seconds = ((run.finished_at or run.started_at) - run.started_at).total_seconds()
        lines.append(f"{kind} {job.status} in {seconds:.1f} s (run {run.run_id}).")
        data |= {"run_id": run.run_id, "counts": run.counts, "seconds": seconds, "sandbox": is_sandbox}
    return Answer(lines, data, DONE if job.status == "succeeded" else FAILED)


def _run(settings: Settings, _: argparse.Namespace) -> Answer:
    from shipsync.runtime import open_app

    stop = threading.Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stop.set())
    with open_app(settings) as app:
        app.start()
        print(f"Running on {settings.database_path}. Stop with Ctrl-C.", flush=True)
        stop.wait()
        ended = app.stop()
    return Answer(["Stopped."] if ended else ["Stopped; a step was still under way and will be repeated."], {})


# Answers


def _status(settings: Settings, _: argparse.Namespace) -> Answer:
    from shipsync.rules.alerts import alerts
    from shipsync.runtime import open_app
    from shipsync.store import orders, overview

    with open_app(settings) as app:
        con = app.db.read()
        facts, by_status = overview.facts(con), orders.count_by_status(con)
        found = alerts(facts, app.now())
    through = facts.complete_through
    complete = (
        f"Complete through {through.astimezone(settings.zone):%Y-%m-%d %H:%M %Z}." if through else "Not read yet."
    )
    counted = ", ".join(f"{amount:,} {status}" for status, amount in by_status.items()) or "none"
    lines = [SANDBOX] if settings.is_sandbox else []
    lines += [complete, f"Orders: {counted}.", *(f"{one.level}: {one.text}" for one in found)]
    data = {"complete_through": through, "orders": by_status, "alerts": [[one.level, one.text] for one in found]}
    return Answer(lines, data)


def _jobs(settings: Settings, options: argparse.Namespace) -> Answer:
    from shipsync.runtime import open_app
    from shipsync.store import jobs

    with open_app(settings) as app:
        newest = jobs.latest_jobs(app.db.read(), limit=options.limit)
    lines = [
        f"{one.requested_at:%Y-%m-%d %H:%M} UTC  {one.job_id:<24} {one.status:<12} by {one.requested_by}"
        + (f"  {one.error}" if one.error else "")
        for one in newest
    ]
    data = [{"job_id": o.job_id, "kind": o.kind, "status": o.status, "error": o.error} for o in newest]
    return Answer(lines or ["No job has been asked for yet."], {"jobs": data})


def _workflow(settings: Settings, options: argparse.Namespace) -> Answer:
    from shipsync.runtime import open_app
    from shipsync.store import workflows

    with open_app(settings) as app:
        if options.action != "list":
            if options.name is None:
                return Answer([f"Name the workflow to {options.action}."], {"error": "no name"}, USAGE)
            with app.db.transaction() as con:
                known = workflows.set_enabled(con, options.name, options.action == "enable", COMMAND_LINE, app.now())
            if not known:
                names = ", ".join(one.workflow for one in workflows.all_controls(app.db.read()))
                return Answer(
                    [f"There is no workflow {options.name}. There are: {names}."], {"error": "unknown"}, USAGE
                )
        controls = workflows.all_controls(app.db.read())
    lines = [
        f"{'on ' if one.enabled else 'off'}  {one.workflow:<20} "
        f"{f'every {one.interval_minutes} min' if one.interval_minutes else 'nightly':<14} {one.description}"
        for one in controls
    ]
    data = [
        {
            "workflow": o.workflow,
            "enabled": o.enabled,
            "interval_minutes": o.interval_minutes,
            "last_run_at": o.last_run_at,
        }
        for o in controls
    ]
    return Answer(lines, {"workflows": data})


def _restore(settings: Settings, options: argparse.Namespace) -> Answer:
    from shipsync.store.backup import restore

    done = restore(options.path, settings.database_path)
    lines = [f"Restored {done.path}: {sum(done.counts.values()):,} rows in {len(done.counts)} tables."]
    if done.replaced is not None:
        lines.append(f"What was there before is kept in {done.replaced}.")
    lines.append("The next sync reads on from the backup's own mark.")
    return Answer(lines, {"path": str(done.path), "replaced": str(done.replaced) if done.replaced else None})


def _doctor(settings: Settings, _: argparse.Namespace) -> Answer:
    from shipsync.runtime import open_app
    from shipsync.store import selfcheck

    with open_app(settings) as app:
        found = selfcheck.findings(app.db, datetime.now(UTC), thorough=True)
        notices = list(app.db.notices)
    lines = [f"Database: {settings.database_path}", *notices, *(found or ["Nothing wrong was found."])]
    return Answer(lines, {"findings": found, "notices": notices}, FAILED if found else DONE)


def _simulate(_: Settings, options: argparse.Namespace) -> Answer:
    from shipsync.simulation import simulate

    # Every fault is meant; what becomes of it is in the answer.
    logging.getLogger("shipsync").setLevel(logging.ERROR)
    outcome = simulate(
        days=options.days, seed=options.seed, orders_per_day=options.orders_per_day, bad_weather=options.faults
    )
    return Answer(outcome.lines(), outcome.data(), DONE if outcome.is_right else FAILED)


if __name__ == "__main__":
    sys.exit(main())
