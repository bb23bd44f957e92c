"""The command line: `python -m shipsync COMMAND` (DESIGN section 5).

Each command prints a line for a person, or with --json one object for a program. Where a server runs it is asked, and
does the work; else the command opens the database itself. Exit codes: 0 done, 1 the job failed, 2 wrong usage or
configuration, 3 busy (another process holds the database, or another run the lock).
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
from collections.abc import Callable, Sequence
from datetime import date
from pathlib import Path
from typing import get_args

from shipsync.commands import apart, deploying, telling, working
from shipsync.commands.answer import BUSY, DONE, FAILED, STOPPED, USAGE, Answer
from shipsync.config import Settings, load_settings
from shipsync.desk.records import CHANGES, Loadable, day_of
from shipsync.errors import Busy, ConfigurationError, ShipsyncError, StoreMismatch, Unknown, Unusable

Command = Callable[[Settings, argparse.Namespace], Answer]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(
        level=logging.INFO if options.verbose else logging.WARNING, format="%(asctime)s %(name)s: %(message)s"
    )
    answer = _answer(options.command, options)
    _print(answer, as_json=options.json)
    return answer.code


def _answer(command: Command, options: argparse.Namespace) -> Answer:
    try:
        return command(load_settings(os.environ), options)
    except ConfigurationError as error:
        return Answer(error.problems, {"problems": error.problems}, USAGE)
    except ShipsyncError as error:
        return Answer(str(error).splitlines(), {"error": str(error)}, _code_of(error))
    except KeyboardInterrupt:
        text = "Stopped. Nothing half done was kept."
        return Answer([text], {"error": text}, STOPPED)


def _code_of(error: ShipsyncError) -> int:
    if isinstance(error, Busy):
        return BUSY
    return USAGE if isinstance(error, (StoreMismatch, Unknown, Unusable)) else FAILED


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

    def add(name: str, command: Command, text: str) -> argparse.ArgumentParser:
        one = commands.add_parser(name, help=text, description=text, parents=[shared])
        one.set_defaults(command=command)
        return one

    one = add("sync", working.sync, "Bring in what changed at ShipStation since the mark.")
    one.add_argument("--everything", action="store_true", help="ask every list, also those whose turn it is not")
    one = add("import", working.import_orders, "Take new orders from an order file or a folder of them.")
    one.add_argument("path", type=Path, metavar="PATH")
    add("upload", working.upload, "Send waiting shop orders up to ShipStation.")
    one = add("eod", working.eod, "Close a day: sync, compare with ShipStation, freeze what is to be counted.")
    one.add_argument("--date", type=_day, metavar="YYYY-MM-DD", help="which day; without it today")
    one = add("eow", working.eow, "Close a week, with its day if that is open: averages, weekly report, mail.")
    one.add_argument("--date", type=_day, metavar="YYYY-MM-DD", help="a day of the week; without it today")
    one = add("eom", working.eom, "Close a month, with its week and day if those are open: charges, invoice, mail.")
    one.add_argument("--date", type=_day, metavar="YYYY-MM-DD", help="a day of the month; without it today")
    one.add_argument("--reason", metavar="TEXT", help="why it is billed in spite of what the self-check warns of")
    one = add("cleanup", working.cleanup, "Clear closed orders older than 60 days from the inbox.")
    one.add_argument("--dry-run", action="store_true", help="only list what would go")
    add("status", telling.status, "Say how far the data is complete, and what needs a person.")
    one = add("jobs", telling.jobs, "List the newest jobs.")
    one.add_argument("--limit", type=int, default=20, choices=range(1, 501), metavar="N", help="at most 500")
    one = add("workflow", telling.workflow, "List the workflows, or switch one on or off.")
    one.add_argument("action", choices=["list", "enable", "disable"])
    one.add_argument("name", nargs="?", metavar="NAME")
    one = add("backup", working.backup, "Copy the database while it runs, verified.")
    one.add_argument("path", type=Path, metavar="FILE")
    one = add("restore", apart.restore, "Put a backup in the place of the database.")
    one.add_argument("path", type=Path, metavar="FILE")
    one = add("load", working.load, "Load a CSV file; a bad line leaves everything as it was.")
    one.add_argument("what", choices=get_args(Loadable))
    one.add_argument("path", type=Path, metavar="FILE.csv")
    one = add("simulate", apart.simulate, "Run the whole order loop against a made-up world on a virtual clock.")
    one.add_argument("--days", type=int, default=1)
    one.add_argument("--seed", type=int, default=1)
    one.add_argument("--orders-per-day", type=float, default=100)
    one.add_argument("--faults", action="store_true", help="let faults of ShipStation and the network come and go")
    one = add("parity", deploying.parity, "Say which sync writes production, or change it.")
    one.add_argument("action", choices=["status", "replay", "drill", *CHANGES])
    one.add_argument("--from", dest="first", type=_day, metavar="YYYY-MM-DD", help="first day of a replay")
    one.add_argument("--to", dest="last", type=_day, metavar="YYYY-MM-DD", help="last day of a replay; without it now")
    one.add_argument("--order", type=int, metavar="ID", help="replay one order alone, by its ShipStation id")
    one.add_argument("--by", metavar="NAME", help="who asks for the change")
    one.add_argument("--reason", metavar="TEXT", help="why")
    one.add_argument("--reviewed-by", metavar="NAME", help="who has reviewed the plan; begin needs it")
    one.add_argument("--dry-run", action="store_true", help="only say what will happen")
    add("doctor", telling.doctor, "Check the configuration and everything in the database.")
    return parser


def _day(text: str) -> date:
    try:
        return day_of(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text}: {error}") from None


if __name__ == "__main__":
    sys.exit(main())
