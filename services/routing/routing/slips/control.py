"""The control sheet: a dossier's way as a table, nothing but a projection of its log."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime

from contracts.model import VIETNAM, local_day
from reference import Reference
from routing.domain.trail import TrailEntry
from routing.slips.book_entries import IN_THE_BOOK, entry_text
from routing.slips.building import procedure_name
from routing.slips.content import ControlRow, ControlSheet, Dossier, Outcome
from routing.slips.places import place_of
from routing.slips.wording import (
    CITIZEN,
    NOTHING_DUE,
    ONE_STOP,
    REGISTER,
    STEPS,
    WORDS,
    Party,
    officer_text,
)

#: The acts whose reasons an event gives; a postponement names its own first.
_ACTS = {"stopped": "stop", "forwarded": "forward"}


@dataclass(frozen=True)
class _Running:
    """Where the dossier is before an entry: at which unit, when its step is due, how registered."""

    unit_code: str
    due_at: datetime | None = None
    registered: TrailEntry | None = None


def control_sheet(
    entries: Iterable[TrailEntry], reference: Reference, dossier: Dossier, at: datetime
) -> ControlSheet | None:
    """Return the sheet as printed `at`, or None if there is no form for it that day.

    One row for each entry, in order of time; entries of one moment keep their order.

    Source: TT 01/2018/TT-VPCP, Mẫu 05; TT 03/2025/TT-VPCP, Mẫu 06.
    """
    on = local_day(at)
    form = reference.slip_form("control_sheet", on)
    if form is None:
        return None
    place = place_of(dossier.unit_code, on, reference)
    return ControlSheet(
        number=form.number,
        title=form.title_vi,
        form_source=form.source,
        authority=place.authority,
        locality=place.locality,
        province=place.province,
        dossier_code=dossier.code,
        procedure=procedure_name(dossier.procedure_code, on, reference),
        issued_at=at.astimezone(VIETNAM),
        rows=_rows(entries, reference),
    )


def outcome(at: datetime, due_at: datetime | None) -> Outcome:
    """Return how a step that ended `at` stands to its due moment, "" if it had none.

    `trước hạn` is a day before, `đúng hạn` the day itself until that moment, inclusive.

    Source: the indicators of NĐ 61/2018/NĐ-CP and NĐ 118/2025/NĐ-CP.
    """
    if due_at is None:
        return ""
    if at > due_at:
        return "quá hạn"
    return "đúng hạn" if local_day(at) == local_day(due_at) else "trước hạn"


def _rows(entries: Iterable[TrailEntry], reference: Reference) -> tuple[ControlRow, ...]:
    running, rows = _Running(""), []
    for entry in sorted(entries, key=lambda one: one.at):
        rows.append(_row(entry, running, reference))
        running = _after(entry, running)
    return tuple(rows)


def _row(entry: TrailEntry, running: _Running, reference: Reference) -> ControlRow:
    step = STEPS[entry.event]
    due_at = running.due_at if step.ends else None
    on = local_day(entry.at)
    receiving = entry.unit_code or running.unit_code
    return ControlRow(
        step=step.name,
        handed_by=_party(step.giver, entry.actor, running.unit_code or receiving, on, reference),
        received_by=_party(step.taker, "", receiving, on, reference),
        at=_short(entry.at),
        due=_short(due_at) if due_at else "",
        result=outcome(entry.at, due_at),
        note=_note(entry, running.registered, reference),
    )


def _after(entry: TrailEntry, running: _Running) -> _Running:
    """Return what runs after the entry: its own due moment, none, or the one before."""
    step = STEPS[entry.event]
    due_at = entry.due_at or (None if step.ends or step.pauses else running.due_at)
    registered = entry if entry.event in IN_THE_BOOK else running.registered
    return _Running(entry.unit_code or running.unit_code, due_at, registered)


def _short(at: datetime) -> str:
    return f"{at.astimezone(VIETNAM):%H:%M %d/%m/%Y}"


def _party(party: Party, actor: str, unit_code: str, on: date, reference: Reference) -> str:
    if party in (CITIZEN, REGISTER):
        return party
    where = f"{ONE_STOP} {place_of(unit_code, on, reference).unit}" if unit_code else ONE_STOP
    return f"{where} ({who})" if (who := officer_text(actor)) else where


def _note(entry: TrailEntry, before: TrailEntry | None, reference: Reference) -> str:
    """Return the note in Vietnamese, and the next moment something is due.

    `before` is the last entry in the book, if there was one.
    """
    if entry.event in IN_THE_BOOK:
        said = entry_text(entry, before, reference)
    else:
        said = "; ".join(_word(entry, code, reference) for code in entry.note.split())
    if entry.due_at is None:
        return said
    due = f"{STEPS[entry.event].sets or NOTHING_DUE}: {_short(entry.due_at)}"
    return f"{said}; {due}" if said else due


def _word(entry: TrailEntry, code: str, reference: Reference) -> str:
    """Return what a code of a note means in Vietnamese; an unknown one stays as it is."""
    act = _ACTS.get(entry.event) or entry.note.split()[0]
    reason = reference.act_reason(act, code) or reference.return_reason(code)
    paper = reference.paper(code)
    named = reason.text_vi.rstrip(".") if reason else paper.name_vi if paper else code
    return WORDS.get(code) or named
