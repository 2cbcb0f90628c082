"""What is due next in a dossier, for whom, and why on that day."""

from dataclasses import dataclass

from contracts.events import Due
from routing.domain import Case, RoutingContext
from routing.tracking.saying import Said, Speaker

_KINDS = {"received": "reception", "supplement": "supplement", "accepted": "result"}


@dataclass(frozen=True)
class Reason:
    """One step of a deadline: a sentence, its legal source, whether it is not confirmed."""

    text: str
    source: str
    assumed: bool


@dataclass(frozen=True)
class Deadline:
    """Until when what is due, whether that is over, and every step that makes it so."""

    label: Said
    moment: str
    late: bool
    reasons: tuple[Reason, ...]


def deadline_of(case: Case, context: RoutingContext, speaker: Speaker) -> Deadline | None:
    """Return what is due next; None where nothing is, or no limit is known."""
    kind = _KINDS.get(case.status)
    dues = {
        "reception": case.reception_due,
        "supplement": case.supplement_due,
        "result": case.appointment,
    }
    due = dues.get(kind or "")
    if kind is None or due is None:
        return None
    return Deadline(
        Said(f"tracking.due.{kind}"),
        speaker.moment(due.due_at),
        context.now > due.due_at,
        _reasons(due, speaker),
    )


def _reasons(due: Due, speaker: Speaker) -> tuple[Reason, ...]:
    return tuple(
        Reason(
            step.note_vi if speaker.language == "vi" else step.note_en, step.source, step.assumed
        )
        for step in due.steps
    )
