"""A dossier as an officer reads it: where it stands, until when, its papers, its whole way."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from contracts.events import Due
from contracts.model import local_day
from reference import Calendar
from routing.desk_pages.front import dossier_url
from routing.desk_pages.left import Left, left_of
from routing.desk_pages.names import Names
from routing.desk_pages.papers import PaperShown, papers_of
from routing.desk_pages.particulars import Section, sections_of
from routing.desk_store import Access
from routing.domain import BookEntry, Case, Pause, RoutingContext, TrailEntry
from routing.looking import by_hour
from routing.slips.content import ControlRow
from routing.slips.control import control_sheet
from routing.slips.wording import ONE_STOP, STEPS, officer_text
from routing.slips_api import dossier_at
from routing.views import SlipRow, revision_of, slips_of

#: Steps of the desk that no officer takes.
_BY_NOBODY = frozenset({"routed", "registration_in_doubt"})


@dataclass(frozen=True)
class DueShown:
    """A due moment and the sentences that explain it, each with its source; `assumed`: doubtful."""

    key: str
    at: datetime
    steps: tuple[tuple[str, str, bool], ...]


@dataclass(frozen=True)
class SlipShown:
    """A slip that was issued then, by the title of its form, and where it is to be printed."""

    title: str
    at: datetime
    url: str
    pdf_url: str


@dataclass(frozen=True)
class Other:
    """A dossier that seems to be about the same event; without an address another unit has it."""

    code: str
    url: str


@dataclass(frozen=True)
class Reading:
    """Who read personal data: which, when, and how often in that hour."""

    who: str
    what: str
    when: str
    count: int


@dataclass(frozen=True)
class DossierShown:
    """Everything on a dossier's page but the acts."""

    dossier_id: UUID
    url: str
    revision: int
    code: str
    procedure: str
    status: str
    left: Left
    unit: str
    submitted_at: datetime | None
    received_at: datetime | None
    wants_back_at: datetime | None
    dues: tuple[DueShown, ...]
    papers: tuple[PaperShown, ...]
    flags: tuple[str, ...]
    others: tuple[Other, ...]
    pauses: tuple[Pause, ...]
    entry: BookEntry | None
    slips: tuple[SlipShown, ...]
    trail: tuple[ControlRow, ...]
    people: tuple[Section, ...]
    erased: bool
    sheet: str


def dossier_shown(
    case: Case,
    context: RoutingContext,
    calendar: Calendar,
    names: Names,
    own: Mapping[str, UUID],
) -> DossierShown:
    """Return the case for its page; `own` gives the dossiers of this unit among those like it."""
    on, rows = local_day(case.submitted_at or context.now), trail_rows(case, context)
    return DossierShown(
        dossier_id=case.dossier_id,
        url=dossier_url(case.dossier_id),
        revision=revision_of(case),
        code=case.code,
        procedure=names.procedure(case.procedure_code, on),
        status=case.status,
        left=left_of(case, context.now, calendar),
        unit=names.place(case.unit_code, case.unit_on or on),
        submitted_at=case.submitted_at,
        received_at=case.received_at,
        wants_back_at=case.withdrawal_requested_at,
        dues=_dues(case, names),
        papers=papers_of(case, context, names),
        flags=tuple(names.said(f"desk.flag.{flag}", flag) for flag in case.flags),
        others=tuple(_other(code, own) for code in case.same_event_as),
        pauses=case.pauses,
        entry=case.entry,
        slips=tuple(_slip(one, case, names) for one in slips_of(case, context.reference)),
        trail=rows,
        people=_people(case, names, on),
        erased=case.erased,
        sheet=names.slip("control_sheet", local_day(context.now)),
    )


def trail_rows(case: Case, context: RoutingContext) -> tuple[ControlRow, ...]:
    """Return the whole way in Vietnamese as the control sheet has it; empty without its form."""
    sheet = control_sheet(case.trail, context.reference, dossier_at(case, context.now), context.now)
    return () if sheet is None else sheet.rows


def rows_since(case: Case, revision: int, context: RoutingContext) -> tuple[ControlRow, ...]:
    """Return the rows of what the trail got since that revision; a late report may stand early.

    What the desk did is shown with the officer who did it, by what the trail knows of them.
    """
    order = sorted(range(len(case.trail)), key=lambda number: case.trail[number].at)
    rows = zip(order, trail_rows(case, context), strict=False)
    return tuple(_by_whom(row, case.trail[number]) for number, row in rows if number >= revision)


def _by_whom(row: ControlRow, entry: TrailEntry) -> ControlRow:
    is_machine = entry.event in _BY_NOBODY or officer_text(entry.actor) != entry.actor
    if STEPS[entry.event].giver != ONE_STOP or is_machine:
        return row
    who = f"Cán bộ {entry.actor}" if entry.actor else "Một cán bộ khác"
    return replace(row, handed_by=who)


def readings(accesses: Sequence[Access], names: Names, on: date) -> tuple[Reading, ...]:
    """Return who read personal data, in the order given; those of an officer and hour as one."""
    return tuple(
        Reading(
            f"{officer_text(one.looks[0].actor)} ({names.unit(one.looks[0].unit_code, on)})",
            ", ".join(dict.fromkeys(_what(look, names) for look in one.looks)),
            one.when(names.language),
            one.count,
        )
        for one in by_hour(accesses, lambda look: (look.actor, look.unit_code))
    )


def _what(look: Access, names: Names) -> str:
    return names.said(f"desk.read.{look.what.partition(':')[0]}", look.what)


def _dues(case: Case, names: Names) -> tuple[DueShown, ...]:
    found = (
        ("reception", case.reception_due if case.status == "received" else None),
        ("supplement", case.supplement_due if case.status == "supplement" else None),
        ("appointment", case.appointment),
    )
    return tuple(_due(key, due, names) for key, due in found if due is not None)


def _due(key: str, due: Due, names: Names) -> DueShown:
    vietnamese = names.language == "vi"
    return DueShown(
        key,
        due.due_at,
        tuple(
            (step.note_vi if vietnamese else step.note_en, step.source, step.assumed)
            for step in due.steps
        ),
    )


def _slip(slip: SlipRow, case: Case, names: Names) -> SlipShown:
    url = f"{dossier_url(case.dossier_id)}/giay/{slip.key}"
    title = names.slip(slip.key, local_day(slip.at))
    return SlipShown(title, slip.at, f"{url}.html?n={slip.n}", f"{url}.pdf?n={slip.n}")


def _people(case: Case, names: Names, on: date) -> tuple[Section, ...]:
    return () if case.particulars is None else sections_of(case.particulars, names, on)


def _other(code: str, own: Mapping[str, UUID]) -> Other:
    return Other(code, dossier_url(own[code]) if code in own else "")
