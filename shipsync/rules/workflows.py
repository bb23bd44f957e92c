"""What the workflows are called wherever a person reads of them: on screen, in alerts, in mails."""

from __future__ import annotations

from collections.abc import Mapping

TITLES: Mapping[str, str] = {
    "shipstation-sync": "Sync with ShipStation",
    "status-sync": "Legacy sync of states",
    "manual-order-sync": "Legacy sync of manual orders",
    "shipstation-upload": "Upload to ShipStation",
    "xml-import": "Import of shop orders",
    "parity-check": "Comparison of both syncs",
    "parity-replay": "Replay of recorded answers",
    "parity-drill": "Rehearsal of the cut-over",
    "orders-cleanup": "Clean-up of closed orders",
    "backup": "Backup",
    "load": "Load of a file",
    "eod": "End of day",
    "eow": "End of week",
    "eom": "End of month",
    "backfill": "Backfill of a period",
}


def title(workflow: str) -> str:
    """A workflow's name; one that has none is called as it is."""
    return TITLES.get(workflow, workflow)
