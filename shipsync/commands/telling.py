"""Commands that answer at once: status, jobs, workflow, doctor."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from shipsync.commands.answer import DONE, FAILED, SANDBOX, USAGE, Answer
from shipsync.commands.opening import open_desk
from shipsync.config import Settings
from shipsync.desk.records import AlertLine, Workflow


def status(settings: Settings, _: argparse.Namespace) -> Answer:
    """`status`."""
    with open_desk(settings) as desk:
        told, url = desk.status(), desk.url
    through = told.complete_through
    complete = (
        f"Complete through {through.astimezone(ZoneInfo(told.zone)):%Y-%m-%d %H:%M %Z}." if through else "Not read yet."
    )
    counted = ", ".join(f"{amount:,} {status}" for status, amount in told.orders.items()) or "none"
    lines = [SANDBOX] if told.sandbox else []
    lines += [f"shipsync runs at {url}."] if url else []
    lines += [complete, f"Orders: {counted}.", *(_alert(one) for one in told.alerts)]
    data = {
        "server": url,
        "complete_through": through,
        "orders": told.orders,
        "alerts": [one.model_dump() for one in told.alerts],
    }
    return Answer(lines, data)


def _alert(one: AlertLine) -> str:
    return f"{'soon' if one.state == 'pending' else one.level}: {one.text}"


def jobs(settings: Settings, options: argparse.Namespace) -> Answer:
    """`jobs [--limit N]`."""
    with open_desk(settings) as desk:
        newest = desk.jobs(options.limit)
    lines = [
        f"{one.requested_at:%Y-%m-%d %H:%M} UTC  {one.job_id:<24} {one.status:<12} by {one.requested_by}"
        + (f"  {one.error}" if one.error else "")
        for one in newest
    ]
    data = [{"job_id": o.job_id, "kind": o.kind, "status": o.status, "error": o.error} for o in newest]
    return Answer(lines or ["No job has been asked for yet."], {"jobs": data})


def workflow(settings: Settings, options: argparse.Namespace) -> Answer:
    """`workflow list`, `workflow enable NAME`, `workflow disable NAME`."""
    if options.action != "list" and options.name is None:
        return Answer([f"Name the workflow to {options.action}."], {"error": "no name"}, USAGE)
    with open_desk(settings) as desk:
        if options.action != "list":
            desk.switch(options.name, enabled=options.action == "enable")
        return _workflows(desk.workflows())


def _workflows(workflows: Sequence[Workflow]) -> Answer:
    lines = [
        f"{'on ' if one.enabled else 'off'}  {one.workflow:<20} "
        f"{f'every {one.interval_minutes} min' if one.interval_minutes else 'nightly':<14} {one.description}"
        for one in workflows
    ]
    data = [
        {
            "workflow": one.workflow,
            "enabled": one.enabled,
            "interval_minutes": one.interval_minutes,
            "last_run_at": one.last_run_at,
        }
        for one in workflows
    ]
    return Answer(lines, {"workflows": data})


def doctor(settings: Settings, _: argparse.Namespace) -> Answer:
    """`doctor`."""
    with open_desk(settings) as desk:
        found = desk.examine()
    lines = [f"Database: {found.database}", *found.notices, *(found.findings or ["Nothing wrong was found."])]
    data = {"findings": list(found.findings), "notices": list(found.notices)}
    return Answer(lines, data, FAILED if found.findings else DONE)
