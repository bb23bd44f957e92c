"""Every error that shipsync raises on purpose, in one tree.

    ShipsyncError
    ├── ConfigurationError      settings that cannot be used; lists every problem
    ├── Busy                    somebody else holds what we need: try later (exit code 3)
    │   ├── StoreBusy           another process holds the database file
    │   └── LockBusy            another run holds the workflow's lock
    ├── LockLost                our lock was taken over: stop, write nothing more
    ├── Cancelled               a person asked the job to stop
    ├── Unknown                 a job, kind or workflow that there is none of
    ├── Unusable                arguments that make no sense for what was asked
    ├── ServerSilent            the running server does not answer, or not as it should
    ├── StoreError
    │   ├── StoreTooNew         the file was made by a newer shipsync
    │   ├── StoreDamaged        the file does not open or does not add up
    │   ├── StoreFull           too little free space to write safely
    │   └── StoreMismatch       a sandbox file met real credentials, or the other way round
    ├── OrderFileError          an order file that cannot be read as a whole
    ├── LoadError               a CSV that cannot be taken; lists every bad line
    ├── TemplateError           a document's template that cannot be typeset
    ├── NotClosed               a period that cannot be closed, and why
    ├── Refused                 a change to stock or a count that cannot be made as it was asked for
    ├── NotPassed               a change of which sync writes production, whose gates are not passed
    └── ShipStationError        ShipStation did not do what we asked
        ├── ShipStationDown     transient: network, time-out, 5xx, 429; retried, then the run fails
        ├── ShipStationRefused  permanent: a 4xx or a business error; retrying is useless
        │   └── CredentialsRefused  401 or 403
        ├── ShipStationUnclear  a write whose outcome nobody knows
        └── ShipStationGarbled  an answer that is not what the documentation says

An error says what happened, to which object, and what to do next.
"""

from __future__ import annotations

from collections.abc import Sequence


class ShipsyncError(Exception):
    """Anything shipsync raises on purpose. `str()` of it may be shown to a person."""


class ConfigurationError(ShipsyncError):
    """Settings that cannot be used. `problems` holds one sentence for each, all at once."""

    def __init__(self, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


class Busy(ShipsyncError):
    """Somebody else holds what we need. Nothing was changed; trying again later is right."""


class StoreBusy(Busy):
    """Another process holds the database file (DuckDB lets one process hold it)."""


class LockBusy(Busy):
    """Another run holds the workflow's lock (DESIGN D7)."""

    def __init__(self, workflow: str, holder_run_id: str) -> None:
        self.workflow = workflow
        self.holder_run_id = holder_run_id
        super().__init__(f"{workflow} is already running (run {holder_run_id}). Wait for it to end, then try again.")


class LockLost(ShipsyncError):
    """The lock of this run was taken over. Whatever it was about to write was not written."""

    def __init__(self, workflow: str, run_id: str) -> None:
        self.workflow = workflow
        self.run_id = run_id
        super().__init__(f"Run {run_id} of {workflow} lost its lock to a newer run and stopped without writing.")


class Cancelled(ShipsyncError):
    """A person cancelled the job; it stopped between two steps."""


class Unknown(ShipsyncError):
    """What was named does not exist. The message says what does, where that is a short list."""


class Unusable(ShipsyncError):
    """What was asked for cannot be done that way. The message names what is wrong with it."""


class ServerSilent(ShipsyncError):
    """The server that holds the database stopped answering, or answered nonsense. What it has begun may go on."""


class StoreError(ShipsyncError):
    """The database cannot be used as asked."""


class StoreTooNew(StoreError):
    """The file holds migrations this code does not know. Start the newer shipsync again."""


class StoreDamaged(StoreError):
    """The file does not open, or what it holds does not add up. The message names the way out."""


class StoreFull(StoreError):
    """Too little free space to write safely. Nothing was written; reading still works."""


class StoreMismatch(StoreError):
    """A sandbox database was opened with real credentials, or a real one without them."""


class OrderFileError(ShipsyncError):
    """An order file that cannot be read as a whole: not XML, cut short, or dangerous.

    `incomplete` says that the file is probably still being written: wait for the next poll, alert by age only.
    """

    def __init__(self, path: str, reason: str, *, incomplete: bool = False) -> None:
        self.path = path
        self.reason = reason
        self.incomplete = incomplete
        super().__init__(f"{path}: {reason}")


class LoadError(ShipsyncError):
    """A CSV of which nothing was kept. `problems` names every bad line."""

    def __init__(self, path: str, problems: Sequence[str]) -> None:
        self.path = path
        self.problems = tuple(problems)
        super().__init__(f"{path}: nothing was loaded.\n" + "\n".join(self.problems))


class NotClosed(ShipsyncError):
    """A period cannot be closed as things are. The sentence says why, and what to do."""


class Refused(ShipsyncError):
    """A change to stock, or to a count, cannot be made as it was asked for. Nothing was changed."""


class NotPassed(ShipsyncError):
    """Which sync writes production cannot be changed as things are. The sentence says why. Nothing was changed."""


class TemplateError(ShipsyncError):
    """A document's template that cannot be typeset. Nothing was made; what it should show is kept."""

    def __init__(self, place: str, reason: str) -> None:
        self.place = place  # 'weekly_report.typ:12'
        self.reason = reason
        super().__init__(
            f"{place} cannot be typeset: {reason}. Mend the template, or put back the one that came with shipsync."
        )


class ShipStationError(ShipsyncError):
    """ShipStation did not do what we asked. `transient` says whether trying again can help."""

    transient = False


class ShipStationDown(ShipStationError):
    """Network, time-out, 5xx or 429 that outlasted the retries. The next run tries again."""

    transient = True


class ShipStationRefused(ShipStationError):
    """A 4xx, or a business error in a 500 with an ExceptionMessage. Mend the cause first."""


class CredentialsRefused(ShipStationRefused):
    """401 or 403 after a second look. Check the key and secret in the settings."""


class ShipStationUnclear(ShipStationError):
    """A write that may or may not have been done: the answer was lost. Repeat it only with an orderKey."""

    transient = True


class ShipStationGarbled(ShipStationError):
    """An answer that is not the documented shape: HTML, cut JSON, another envelope."""

    transient = True
