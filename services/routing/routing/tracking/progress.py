"""Where a dossier stands in its citizen's eyes: steps, what to do, what has to be known."""

from dataclasses import dataclass
from typing import Literal

from contracts.events import EventData, Returned, Stopped
from reference import Presence
from routing.domain import Case, RoutingContext
from routing.domain.law import procedure_of
from routing.tracking.saying import Said, Speaker

State = Literal["done", "now", "next"]
Tone = Literal["good", "warn", "bad", "info"]

_STEPS = ("submitted", "received", "registered", "handed_over")
#: How many of the steps are done while a dossier stands so.
_DONE = {"received": 1, "supplement": 1, "accepted": 2, "registered": 3, "handed_over": 4}
_ENDED = frozenset({"refused", "wrong_authority", "withdrawn", "closed"})
_TONES: dict[str, Tone] = {
    "supplement": "warn",
    "stopped": "warn",
    "registered": "good",
    "handed_over": "good",
    "refused": "bad",
    "wrong_authority": "bad",
    "closed": "bad",
}


@dataclass(frozen=True)
class Step:
    """One step of the way: done with its moment, now, or to come."""

    said: Said
    state: State
    at: str = ""


@dataclass(frozen=True)
class Progress:
    """Where it stands and what comes next; what the citizen has to do, with reasons and papers.

    `reasons` are why it was returned or stopped; `notices` what has to be known beside.
    """

    key: str
    tone: Tone
    steps: tuple[Step, ...]
    todo: Said
    reasons: tuple[str, ...]
    papers: tuple[str, ...]
    notices: tuple[tuple[Tone, Said], ...]


def progress_of(case: Case, context: RoutingContext, speaker: Speaker) -> Progress:
    """Return where the dossier stands."""
    key = _standing(case)
    together = (procedure := procedure_of(case, context)) is not None and (
        procedure.presence is Presence.PARTIES
    )
    todo = f"tracking.todo.{key}_together" if key == "registered" and together else None
    reasons, papers = _asked(case, speaker)
    return Progress(
        key=key,
        tone=_TONES.get(case.status, "info"),
        steps=_steps(case, speaker),
        todo=Said(todo or f"tracking.todo.{key}"),
        reasons=reasons,
        papers=papers,
        notices=_notices(case, context),
    )


def _standing(case: Case) -> str:
    """Return the status, told apart where the citizen needs other words."""
    if case.status == "received" and case.submissions > 1 and case.supplements:
        return "received_again"
    if case.status == "accepted" and in_doubt(case):
        return "in_doubt"
    return case.status


def in_doubt(case: Case) -> bool:
    """Return whether the register has not answered what it was last asked."""
    for entry in reversed(case.trail):
        if entry.service == "registry-sync":
            return entry.event == "registration_in_doubt"
        if entry.event == "accepted":
            return False
    return False


def _steps(case: Case, speaker: Speaker) -> tuple[Step, ...]:
    moments = {entry.event: speaker.moment(entry.at) for entry in case.trail}
    moments["received"] = speaker.moment(case.received_at) if case.received_at else ""
    if case.submitted_at:
        moments["submitted"] = speaker.moment(case.submitted_at)
    if case.status in _ENDED:
        return _ended(case, moments)
    done = _DONE.get(case.stands, 0)
    return tuple(
        Step(
            Said(f"tracking.step.{name}"),
            "done" if n < done else "now" if n == done else "next",
            moments.get(name, "") if n < done else "",
        )
        for n, name in enumerate(_STEPS)
    )


def _ended(case: Case, moments: dict[str, str]) -> tuple[Step, ...]:
    names = ("submitted", "received") if case.received_at else ("submitted",)
    done = [Step(Said(f"tracking.step.{name}"), "done", moments.get(name, "")) for name in names]
    return (*done, Step(Said("tracking.step.ended"), "now"))


def _asked(case: Case, speaker: Speaker) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return why it stands as it does, and the papers named: of the last return or stop."""
    data = _last(case)
    if isinstance(data, Returned) and case.status in ("supplement", "refused", "wrong_authority"):
        return speaker.reasons(data.reasons), speaker.papers(data.papers)
    if isinstance(data, Stopped) and case.status in ("stopped", "closed"):
        return speaker.act_reasons("stop", (data.reason,)), ()
    return (), ()


def _last(case: Case) -> EventData | None:
    data = [one.data for one in case.issued if isinstance(one.data, Returned | Stopped)]
    return data[-1] if data else None


def _notices(case: Case, context: RoutingContext) -> tuple[tuple[Tone, Said], ...]:
    events = {entry.event for entry in case.trail}
    due = case.appointment
    late = case.status == "accepted" and due is not None and context.now > due.due_at
    crossed = case.status in _ENDED and case.entry is not None
    asked_back = case.withdrawal_requested_at is not None and case.stands == "accepted"
    told: tuple[tuple[bool, Tone, str], ...] = (
        (late, "warn", "late"),
        (crossed, "bad", "crossed"),
        (asked_back, "info", "withdrawal_requested"),
        ("registration_corrected" in events, "warn", "corrected"),
        ("personal_id_assigned" in events, "good", "personal_id"),
        ("forwarded" in events, "info", "forwarded"),
        ("rescheduled" in events and case.status == "accepted", "info", "rescheduled"),
    )
    return tuple((tone, Said(f"tracking.notice.{key}")) for true, tone, key in told if true)
