"""Building a slip from the event it puts on paper, the dossier and the law of that day."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime

from contracts.events import Accepted, Due, EventData, Rescheduled, Returned, Stopped
from contracts.model import VIETNAM, local_day
from reference import Reference
from reference.steps import day_vi, moment_vi
from routing.domain import slip_key
from routing.slips.content import Dossier, Slip
from routing.slips.papers import paper_names
from routing.slips.places import place_of
from routing.slips.wording import ONE_STOP

KEEP_SECRET = (
    "Giữ kín mã hồ sơ; dùng mã này để tra cứu trên Cổng Dịch vụ công quốc gia"
    " (NĐ 87/2020/NĐ-CP, Điều 12)."
)


def slip_of(dossier: Dossier, data: EventData, at: datetime, reference: Reference) -> Slip | None:
    """Return the slip of an event that happened `at`, or None if there is no form for it that day.

    Source: TT 01/2018/TT-VPCP until 2025-09-14; TT 03/2025/TT-VPCP.
    """
    key, on = slip_key(data), local_day(at)
    form = reference.slip_form(key, on) if key else None
    if key is None or form is None:
        return None
    # An acceptance names the unit that gave it; the dossier may have moved since.
    unit_code = data.unit_code if isinstance(data, Accepted) else dossier.unit_code
    place = place_of(unit_code, on, reference)
    procedure = reference.procedure(dossier.procedure_code, on)
    blank = Slip(
        key=key,
        number=form.number,
        title=form.title_vi,
        form_source=form.source,
        authority=place.authority,
        locality=place.locality,
        province=place.province,
        dossier_code=dossier.code,
        procedure=procedure_name(dossier.procedure_code, on, reference),
        issued_at=at.astimezone(VIETNAM),
        officer=getattr(data, "actor", ""),
        citizen=dossier.citizen,
        legal_basis=_basis(procedure.source) if procedure else (),
    )
    return _filled(blank, dossier, data, reference)


def _filled(blank: Slip, dossier: Dossier, data: EventData, reference: Reference) -> Slip:
    match data:
        case Accepted():
            return _acceptance(blank, dossier, data, reference)
        case Returned():
            return _returned(blank, data, reference)
        case Rescheduled():
            return _apology(blank, dossier, data, reference)
        case Stopped():
            reason = _act_reasons("stop", (data.reason,), reference)
            return replace(_because(blank, reason), final=data.final)
        case _:
            return blank


def _acceptance(blank: Slip, dossier: Dossier, data: Accepted, reference: Reference) -> Slip:
    due = data.due or dossier.due
    received_at = data.received_at or dossier.received_at or blank.issued_at
    return replace(
        _until(blank, due),
        papers=paper_names(dossier.papers, reference),
        copies=dossier.copies,
        received_at=moment_text(received_at),
        due=moment_text(due.due_at) if due else "",
        result_place=f"{ONE_STOP}, {blank.authority}",
        notes=(KEEP_SECRET,),
    )


def _returned(blank: Slip, data: Returned, reference: Reference) -> Slip:
    rows = [(code, reference.return_reason(code)) for code in data.reasons]
    texts = [(row.text_vi, row.source) if row else (code, "") for code, row in rows]
    slip = _until(_because(blank, texts), data.supplement_due)
    return replace(
        slip,
        papers=paper_names(data.papers, reference),
        due=moment_text(data.supplement_due.due_at) if data.supplement_due else "",
    )


def _apology(blank: Slip, dossier: Dossier, data: Rescheduled, reference: Reference) -> Slip:
    slip = _because(blank, _act_reasons(data.kind, (data.reason,), reference))
    return replace(
        _until(slip, data.due),
        received_at=moment_text(dossier.received_at) if dossier.received_at else "",
        due=day_vi(data.old_due_on),
        new_due=moment_text(data.due.due_at),
        verification=data.kind == "verification",
        result_place=f"{ONE_STOP}, {blank.authority}",
    )


def _because(slip: Slip, texts: Iterable[tuple[str, str]]) -> Slip:
    """Return the slip with reasons and the sources they stand on."""
    reasons = tuple(texts)
    basis = _basis(*slip.legal_basis, *(source for _, source in reasons))
    return replace(slip, reasons=tuple(text for text, _ in reasons), legal_basis=basis)


def _until(slip: Slip, due: Due | None) -> Slip:
    """Return the slip with the steps that make the day, each with its legal source."""
    if due is None:
        return slip
    basis = _basis(*slip.legal_basis, due.source)
    steps = tuple(f"{step.note_vi} (căn cứ: {step.source})." for step in due.steps)
    return replace(slip, explanation=steps, legal_basis=basis)


def _basis(*sources: str) -> tuple[str, ...]:
    """Return the sources one by one, each once, in their order."""
    return tuple(dict.fromkeys(one for source in sources for one in source.split("; ") if one))


def _act_reasons(
    act: str, codes: Iterable[str], reference: Reference
) -> tuple[tuple[str, str], ...]:
    rows = [(code, reference.act_reason(act, code)) for code in codes]
    return tuple((row.text_vi, row.source) if row else (code, "") for code, row in rows)


def procedure_name(code: str, on: date, reference: Reference) -> str:
    """Return what the procedure is called that day; its last name, or its code, if none is."""
    row = reference.procedure(code, on) or reference.procedures.last(code)
    return row.name_vi if row else code


def moment_text(at: datetime) -> str:
    """Return the moment in Vietnam, to the minute: `17:00 Thứ Ba, 24/11/2026`."""
    return moment_vi(at.astimezone(VIETNAM).replace(second=0, microsecond=0))
