"""What follows from an answer: the effect's new state, and what its dossier's rule hears."""

from dataclasses import dataclass
from datetime import datetime

from contracts.decision import Answered, InDoubt
from contracts.envelope import Cause, sha256
from plumbing.applying import Item
from plumbing.calls import Answer, Call

_STATES = {"done": "DONE", "no": "REJECTED", "again": "PENDING", "unknown": "IN_DOUBT"}


@dataclass(frozen=True)
class Claim:
    """A call that is ours to make, by its fence; `doubt_said`: its rule knows it is in doubt."""

    call: Call
    fence: int
    doubt_said: bool


def state_of(answer: Answer) -> str:
    """Return the state an effect has after that answer."""
    return _STATES.get(answer.outcome, "MANUAL")


def item_of(
    claim: Claim, answer: Answer, since: datetime, *, doubts_are_heard: bool
) -> Item | None:
    """Return what the rule hears of the answer; nothing of `again` or of a doubt said before."""
    call = claim.call
    digest = sha256(f"{call.kind}:{answer.outcome}:{answer.reason}".encode())
    cause = Cause(f"effect:{call.effect_id}", digest)
    match answer.outcome:
        case "done" | "no":
            message = Answered(call.kind, answer.outcome, answer.reason, answer.detail)
            return Item(call.dossier_id, message, cause)
        case "stuck" | "unknown":
            final = answer.outcome == "stuck"
            if doubts_are_heard and (final or not claim.doubt_said):
                return Item(call.dossier_id, InDoubt(call.kind, call.attempt, since, final), cause)
    return None
