"""What officers read of a dossier; nothing personal."""

from datetime import date, datetime
from uuid import UUID

from contracts.events import Due
from contracts.model import Contract, local_day
from reference import Reference
from routing.domain import Case, RoutingContext, SlipKey, allowed_acts, missing_papers


class DueView(Contract):
    """When something is due, and in Vietnamese sentences why, each with its legal source."""

    due_at: datetime
    due_on: date
    source: str
    explanation: tuple[str, ...]
    statutory_due_on: date | None
    published_due_on: date | None


class DeskRow(Contract):
    """One dossier on a list; `due_at` is what the list is ordered by, where that is known.

    `revision` is what an act from the list names in `If-Match`.
    """

    dossier_id: UUID
    revision: int
    dossier_code: str
    procedure_code: str
    status: str
    papers: tuple[str, ...]
    flags: tuple[str, ...]
    submitted_at: datetime | None
    due_at: datetime | None
    due_on: date | None
    allowed: tuple[str, ...]


class TrailRow(Contract):
    """One event of the dossier's way."""

    at: datetime
    service: str
    event: str
    actor: str
    unit_code: str
    due_at: datetime | None
    note: str


class PauseRow(Contract):
    """A time in which no deadline runs; open while `to_at` is None."""

    from_at: datetime
    to_at: datetime | None
    status: int


class EntryRow(Contract):
    """Where the register has it."""

    number: str
    book: str
    page: str | None
    registered_on: date


class SlipRow(Contract):
    """A slip that can be read: the `n`-th that was issued of that key, from 1."""

    key: SlipKey
    n: int
    at: datetime


class CaseView(Contract):
    """Where a dossier stands, until when the next thing is due and why, and what may be done.

    `allowed` names the acts of now; supplement, refuse and wrong_authority are returns of their
    kind. `due` is the appointment. `revision` counts what has happened to the dossier.
    """

    dossier_id: UUID
    revision: int
    dossier_code: str
    status: str
    unit_code: str
    procedure_code: str
    papers: tuple[str, ...]
    missing_papers: tuple[str, ...]
    flags: tuple[str, ...]
    same_event_as: tuple[str, ...]
    submitted_at: datetime | None
    received_at: datetime | None
    withdrawal_requested_at: datetime | None
    reception_due: DueView | None
    due: DueView | None
    supplement_due: DueView | None
    pauses: tuple[PauseRow, ...]
    entry: EntryRow | None
    slips: tuple[SlipRow, ...]
    trail: tuple[TrailRow, ...]
    erased: bool
    allowed: tuple[str, ...]

    @property
    def etag(self) -> str:
        """Return the revision as the header `ETag` has it, and `If-Match` asks for it."""
        return f'"{self.revision}"'


def revision_of(case: Case) -> int:
    """Return how many events the dossier's way has; whatever changes a case adds one."""
    return len(case.trail)


def row_of(case: Case, context: RoutingContext) -> DeskRow:
    """Return the case as a list shows it."""
    due = {"received": case.reception_due, "supplement": case.supplement_due}.get(
        case.status, case.appointment
    )
    return DeskRow(
        dossier_id=case.dossier_id,
        revision=revision_of(case),
        dossier_code=case.code,
        procedure_code=case.procedure_code,
        status=case.status,
        papers=case.papers,
        flags=case.flags,
        submitted_at=case.submitted_at,
        due_at=due and due.due_at,
        due_on=due and due.due_on,
        allowed=allowed_acts(case, context),
    )


def view_of(case: Case, context: RoutingContext) -> CaseView:
    """Return the case as an officer reads it."""
    return CaseView(
        dossier_id=case.dossier_id,
        revision=revision_of(case),
        dossier_code=case.code,
        status=case.status,
        unit_code=case.unit_code,
        procedure_code=case.procedure_code,
        papers=case.papers,
        missing_papers=missing_papers(case, context),
        flags=case.flags,
        same_event_as=case.same_event_as,
        submitted_at=case.submitted_at,
        received_at=case.received_at,
        withdrawal_requested_at=case.withdrawal_requested_at,
        reception_due=_due(case.reception_due),
        due=_due(case.appointment),
        supplement_due=_due(case.supplement_due),
        pauses=tuple(PauseRow(**vars(pause)) for pause in case.pauses),
        entry=case.entry and EntryRow(**vars(case.entry)),
        slips=slips_of(case, context.reference),
        trail=tuple(TrailRow(**vars(entry)) for entry in case.trail),
        erased=case.erased,
        allowed=allowed_acts(case, context),
    )


def _due(due: Due | None) -> DueView | None:
    if due is None:
        return None
    return DueView(
        due_at=due.due_at,
        due_on=due.due_on,
        source=due.source,
        explanation=tuple(f"{step.note_vi} (căn cứ: {step.source})." for step in due.steps),
        statutory_due_on=due.statutory_due_on,
        published_due_on=due.published_due_on,
    )


def slips_of(case: Case, reference: Reference) -> tuple[SlipRow, ...]:
    """Return what can be printed: some acts had no form on their day."""
    counts: dict[str, int] = {}
    rows = []
    for one in case.issued:
        counts[one.key] = counts.get(one.key, 0) + 1
        if reference.slip_form(one.key, local_day(one.at)) is not None:
            rows.append(SlipRow(key=one.key, n=counts[one.key], at=one.at))
    return tuple(rows)
