"""Which steps of a dossier its citizen and its portal have to hear of, told from the log alone."""

from collections.abc import Sequence
from dataclasses import dataclass

from tests.chaos.campaign.said import Log, Said

#: The events that are steps; a supplement that was taken is the one-stop's `routed` anew.
TOLD = frozenset(
    {
        "submitted",
        "forwarded",
        "accepted",
        "returned",
        "rescheduled",
        "stopped",
        "resumed",
        "withdrawn",
        "registered",
        "personal_id_assigned",
        "registration_corrected",
        "handed_over",
    }
)
#: The events of the services before the notifier that are told to nobody.
INNER = frozenset({"routed", "register_returned", "registration_in_doubt", "withdrawal_requested"})


@dataclass(frozen=True, slots=True)
class Step:
    """One step; a side that need not hear of it may, once: another step overtook it."""

    event: Said
    name: str
    citizen_must: bool
    portal_must: bool


def steps_of(log: Log, dossier: str) -> list[Step]:
    """Return every step there is to hear of, by the broker's time."""
    routing = log.of(dossier, "routing")
    registered = next(log.about(dossier, "registered"), None)
    answered = _answered_at(routing, registered)
    crossed = any(_is_end(one) for one in routing if one.sequence > answered)
    found = []
    for one in log.by_dossier.get(dossier, ()):
        if one.name == "routed" and one.data.get("resubmission"):
            asked = _was_asked(routing, one)
            found.append(Step(one, "resubmitted", True, asked))
        elif one.name in TOLD:
            late = one.service == "routing" and one.sequence > answered
            citizen = one.name != "handed_over" and not _is_taken_over(one)
            overtaken = late and one.name != "withdrawn"
            portal = not late and not (crossed and one is registered)
            found.append(Step(one, one.name, citizen and not overtaken, portal))
        elif one.service != "notifier" and one.name not in INNER:
            # A supplement after the end.
            found.append(Step(one, one.name, False, False))
    return found


def is_silent(step: Step) -> bool:
    """Return whether the citizen never hears of the step: they were there, or it was old."""
    return step.name == "handed_over" or _is_taken_over(step.event)


def _answered_at(routing: Sequence[Said], registered: Said | None) -> int:
    """Return up to which of its events the one-stop had spoken before the register's entry."""
    if registered is not None:
        wanted = registered.data.get("round", 1)
        for one in routing:
            if one.name == "accepted" and one.data.get("round", 1) >= wanted:
                return one.sequence
    return 2**31


def _is_end(one: Said) -> bool:
    final_return = one.name == "returned" and one.data["kind"] != "supplement"
    return final_return or one.name == "withdrawn" or (one.name == "stopped" and one.data["final"])


def _is_taken_over(one: Said) -> bool:
    return (
        one.name == "accepted"
        and bool(one.data.get("at_register"))
        and one.data.get("round", 1) == 1
    )


def _was_asked(routing: Sequence[Said], one: Said) -> bool:
    before = [other for other in routing if other.sequence < one.sequence]
    last = before[-1] if before else None
    return last is not None and last.name == "returned" and last.data["kind"] == "supplement"
