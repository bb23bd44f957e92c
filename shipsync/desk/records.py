"""What the desk answers, and the arguments of what it can be asked to do. Instants are aware UTC.

Light on purpose: a command that only asks the running server needs nothing heavier than this.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StrictBool, ValidationError

from shipsync.errors import Unknown, Unusable
from shipsync.rules import deployment as rules
from shipsync.rules.charges import LONGEST_REASON
from shipsync.rules.deployment import Change
from shipsync.rules.efficiency import Told
from shipsync.rules.gates import Result


class Record(BaseModel):
    """Something that is answered. Fields of a newer server are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore", from_attributes=True)


class JobLine(Record):
    """One job in a list."""

    job_id: str  # '<kind>.<n>'
    kind: str  # a workflow name
    status: str  # queued, running, succeeded, failed, cancelled, interrupted
    requested_by: str
    requested_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    attempts: int
    error: str | None


class Step(Record):
    """One step of a job."""

    name: str
    status: str  # waiting, running, succeeded, failed, cancelled, interrupted
    started_at: datetime | None
    finished_at: datetime | None
    done: int | None
    total: int | None  # None where nobody can know
    detail: str | None


class Run(Record):
    """The latest attempt of a job."""

    run_id: str
    status: str
    started_at: datetime
    finished_at: datetime | None
    requests: int | None
    mark_from: datetime | None
    mark_to: datetime | None
    counts: Mapping[str, int]
    log: Sequence[str]


class Job(JobLine):
    """One job with all there is to say about it."""

    cancel_requested: bool
    arguments: Mapping[str, Any]
    result: Mapping[str, Any] | None
    steps: Sequence[Step]
    run: Run | None
    sandbox: bool  # whether the world it worked on is made up

    @property
    def is_open(self) -> bool:
        """Whether it waits or runs."""
        return self.status in ("queued", "running")


class Asked(Record):
    """What asking for a job came to."""

    job_id: str
    created: bool  # False: a job of this kind was queued or running already, and this is its id
    is_same: bool  # False: that one was asked for with other arguments, so it does not do what was asked now


class Workflow(Record):
    """How a workflow is set."""

    workflow: str
    enabled: bool
    interval_minutes: int | None
    description: str
    last_run_at: datetime | None
    next_at: datetime | None  # None: off, comes only when asked, or nobody keeps a schedule


class AlertLine(Record):
    """One thing that needs a person, or soon may."""

    level: str  # warn, bad
    state: str  # pending: it may mend itself; firing; cannot tell
    text: str


class Status(Record):
    """How things stand."""

    sandbox: bool
    zone: str  # the warehouse's, as in zoneinfo
    complete_through: datetime | None
    orders: Mapping[str, int]  # by status
    alerts: Sequence[AlertLine]


class Examination(Record):
    """What `doctor` found."""

    database: str
    notices: Sequence[str]
    findings: Sequence[str]


class Gate(Record):
    """One question that stands before a change of the deployment, and its answer."""

    name: str
    result: Result
    words: str  # the evidence, as a sentence
    passes_at: datetime | None  # the earliest instant at which it may pass, where only time is missing


class Claim(Record):
    """What the plan says of the unified sync, and what came of it."""

    name: str
    result: Told
    words: str  # the figures, as sentences
    figures: Mapping[str, float | None]


class Does(Record):
    """What a sync does now."""

    workflow: str
    does: str  # a sentence


class Deployment(Record):
    """Which sync writes production, and what stands before the next change."""

    state: str
    name: str  # of the state, for a person
    since: datetime | None
    by: str | None
    writers: Sequence[str]  # the workflows that write production, in the order in which they are had done
    workflows: Sequence[Does]
    next_change: str
    gates: Sequence[Gate]  # of that
    claims: Sequence[Claim] = ()  # of the newest migration; none before both sides have made a pass in it


class Deployed(Record):
    """What a change of the deployment came to, or would come to."""

    change: str
    before: str
    after: str
    dry_run: bool
    refused: str | None  # why it would be refused; only of a dry run
    gates: Sequence[Gate]
    carried: Mapping[str, int]  # rows that go over into production, by table
    orders_differing: int
    entries_posted: int  # in the stock ledger
    marks_before: Mapping[str, datetime | None]  # complete through, by workflow
    marks_after: Mapping[str, datetime | None]
    first_query_from: datetime | None
    lines: Sequence[str]  # all of it for a person


# What may be asked of the deployment, as the command line and the routes call it.
CHANGES: Mapping[str, Change] = {one: one for one in rules.CHANGES}


class Desk(Protocol):
    """What can be asked. Every method raises ShipsyncError; Unknown for an id or a name that there is none of."""

    @property
    def url(self) -> str | None:
        """Where the server answers; None where no server runs."""

    def status(self) -> Status:
        """How things stand."""

    def jobs(self, limit: int) -> list[JobLine]:
        """The newest jobs first."""

    def job(self, job_id: str) -> Job:
        """One job."""

    def have_done(self, kind: str, arguments: Mapping[str, object], told: Callable[[Job], None]) -> Job:
        """Ask for a job and wait for its end; `told` hears how far it is. One that does something else goes first."""

    def workflows(self) -> list[Workflow]:
        """All workflows by name."""

    def switch(self, workflow: str, *, enabled: bool) -> None:
        """Switch a workflow on or off."""

    def deployment(self) -> Deployment:
        """Which sync writes production, and what stands before the next change."""

    def deploy(self, change: Change, *, by: str, reason: str, reviewed_by: str, dry_run: bool) -> Deployed:
        """Change which sync writes production. Raises NotPassed where it may not be, Unusable without name or reason.

        A dry run says what would come of it, also that it would be refused.
        """

    def examine(self) -> Examination:
        """Check everything in the database, however long that takes."""


def _absolute(path: Path) -> Path:
    if not path.is_absolute():
        raise ValueError("must be a whole path, from the root on: the server runs in another folder")
    return path


WholePath = Annotated[Path, AfterValidator(_absolute)]


def day_of(text: object) -> date:
    """A day as it is written, `2026-11-20`. Raises ValueError for anything else, numbers and instants too."""
    try:
        day = date.fromisoformat(str(text))
    except ValueError:
        day = None
    if day is None or day.isoformat() != text:
        raise ValueError("must be a day like 2026-11-20")
    return day


BusinessDate = Annotated[date, BeforeValidator(day_of)]


class Arguments(BaseModel):
    """Arguments of a job that takes none."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class SyncArguments(Arguments):
    """Of `shipstation-sync`."""

    everything: StrictBool = False  # ask every list, also those whose turn it is not


class ImportArguments(Arguments):
    """Of `xml-import`."""

    path: WholePath | None = None  # a file or a folder; None: the folder that is watched


class CleanupArguments(Arguments):
    """Of `orders-cleanup`."""

    dry_run: StrictBool = False


class BackupArguments(Arguments):
    """Of `backup`."""

    path: WholePath | None = None  # None: today's file in the folder of nightly backups


Loadable = Literal["products", "bundles", "rates", "opening-stock", "weekly-history"]


class LoadArguments(Arguments):
    """Of `load`."""

    what: Loadable
    path: WholePath


class ClosingArguments(Arguments):
    """Of `eod` and `eow`."""

    date: BusinessDate | None = None  # None: today


class MonthArguments(ClosingArguments):
    """Of `eom`. In the first days of a month the date has to be said."""

    reason: str | None = Field(default=None, max_length=LONGEST_REASON)  # why, in spite of what the self-check warns of


class ReplayArguments(Arguments):
    """Of `parity-replay`: days, both included."""

    first: BusinessDate | None = None  # None: 30 days before the last
    last: BusinessDate | None = None  # None: now
    order_id: int | None = None  # ShipStation's, to replay it alone


# What may be asked for from outside. Other jobs belong to a page.
ASKABLE: Mapping[str, type[Arguments]] = {
    "shipstation-sync": SyncArguments,
    "status-sync": Arguments,
    "manual-order-sync": Arguments,
    "xml-import": ImportArguments,
    "shipstation-upload": Arguments,
    "orders-cleanup": CleanupArguments,
    "backup": BackupArguments,
    "load": LoadArguments,
    "eod": ClosingArguments,
    "eow": ClosingArguments,
    "eom": MonthArguments,
    "parity-check": Arguments,
    "parity-replay": ReplayArguments,
    "parity-drill": Arguments,
}


def checked(kind: str, arguments: Mapping[str, object]) -> dict[str, Any]:
    """The arguments as a job takes them. Raises Unknown for a kind nobody may ask for, Unusable for bad arguments."""
    if kind not in ASKABLE:
        raise Unknown(f"There is no job {kind} to ask for. There are: {', '.join(ASKABLE)}.")
    try:
        return ASKABLE[kind].model_validate(arguments).model_dump(mode="json", exclude_defaults=True)
    except ValidationError as error:
        raise Unusable(" ".join(sentences(error))) from None


def sentences(error: ValidationError) -> list[str]:
    """What is wrong with a request, a sentence for each field."""
    told = []
    for one in error.errors():
        message = str(one["msg"]).removeprefix("Value error, ")
        where = ".".join(str(part) for part in one["loc"])
        told.append(f"{where}: {message[0].lower()}{message[1:]}." if where else f"{message}.")
    return told
