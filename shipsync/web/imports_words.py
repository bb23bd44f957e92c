"""How order files are told of on the Imports page."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from shipsync.store.order_files import SeenFile
from shipsync.store.quarantine import OpenEntry
from shipsync.store.workflows import Control
from shipsync.web import words, workflow_words
from shipsync.web.order_file_upload import FORMATS


def seen(file: SeenFile) -> dict[str, object]:
    """A file that was taken, as a row of the table."""
    figures = {name: amount for name, amount in file.counts.items() if isinstance(amount, int)}
    return {
        "file": Path(file.path).name,
        "format": FORMATS.get(file.format, file.format),
        "orders": file.orders,
        "became": workflow_words.figures(figures, all_of_them=True),
        "read_at": file.read_at,
    }


def refused(one: OpenEntry) -> dict[str, object]:
    """A file that cannot be read, as a row of the table."""
    path = one.entry.entity_id
    reason = one.entry.detail.removeprefix(f"{path}: ")
    return {
        "file": Path(path).name,
        "reason": reason[:1].upper() + reason[1:],
        "since": one.first_seen_at,
        "tries": one.tries,
    }


def watched(folder: Path | None, control: Control | None, now: datetime) -> str:
    """Which folder is watched, and when it was last looked at, as a sentence."""
    if folder is None:
        return "No folder is watched. Name one in SHIPSYNC_ORDER_FILES and start shipsync again."
    told = f"Watched folder: {words.plain(str(folder))}"
    if control is None:
        return told
    looked = f"last looked at {words.ago(control.last_run_at, now)}" if control.last_run_at else "not looked at yet"
    if not control.enabled:
        return f"{told} · {looked} · the import is switched off: switch it on under Sync"
    often = f"every {control.interval_minutes} min" if control.interval_minutes else "only when asked"
    return f"{told} · {looked} · {often}"
