"""What follows from an answer: the effect's new state, and what its dossier's rule hears."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.decision import Answered, InDoubt
from contracts.envelope import Cause, sha256
from plumbing.applying import Item, Part
from plumbing.calls import Answer, Call
from plumbing.sealing import KeyRing

_STATES = {"done": "DONE", "no": "REJECTED", "again": "PENDING", "unknown": "IN_DOUBT"}


#: So much of what the outside said is kept; a page of an error is no more use than its beginning.
WORDS_KEPT = 4000


@dataclass(frozen=True)
class Claim:
    """A call that is ours to make, by its fence; `doubt_said`: its rule knows it is in doubt."""

    call: Call
    fence: int
    doubt_said: bool

    @property
    def place(self) -> tuple[UUID, int]:
        """Return the effect and the fence: what an answer answers."""
        return self.call.effect_id, self.fence


def state_of(answer: Answer) -> str:
    """Return the state an effect has after that answer."""
    return _STATES.get(answer.outcome, "MANUAL")


def item_of(claim: Claim, answer: Answer, since: datetime, part: Part[Any]) -> Item | None:
    """Return what the rule hears of the answer; nothing of `again` or of a doubt said before."""
    call = claim.call
    if call.kind.partition(":")[0] in part.unheard:
        return None
    cause = cause_of(call.effect_id, call.kind, answer.outcome, answer.reason)
    match answer.outcome:
        case "done" | "no":
            message = Answered(call.kind, answer.outcome, answer.reason, answer.detail)
            return Item(call.dossier_id, message, cause)
        case "stuck" | "unknown":
            final = answer.outcome == "stuck"
            if InDoubt in part.rules and (final or not claim.doubt_said):
                return Item(call.dossier_id, InDoubt(call.kind, call.attempt, since, final), cause)
    return None


def cause_of(effect_id: UUID, kind: str, outcome: str, reason: str) -> Cause:
    """Return the answer to an effect as the cause of what follows from it."""
    return Cause(f"effect:{effect_id}", sha256(f"{kind}:{outcome}:{reason}".encode()))


def attempt_purpose(effect_id: UUID, fence: int) -> str:
    """Return the associated data that binds what was said to the attempt it answered."""
    return f"attempt:{effect_id}:{fence}"


def attempts_of(answered: Sequence[tuple[Claim, Answer]], keys: KeyRing) -> list[tuple[Any, ...]]:
    """Return the attempts to keep, as JOURNAL takes them: all but the first ones that succeeded."""
    return [
        (
            claim.call.effect_id,
            claim.fence,
            claim.call.attempt,
            answer.outcome,
            answer.reason,
            " ".join(claim.call.steps),
            _sealed(claim, answer.words, keys),
        )
        for claim, answer in answered
        if (claim.call.attempt, answer.outcome) != (1, "done")
    ]


def _sealed(claim: Claim, words: str, keys: KeyRing) -> bytes | None:
    if not words:
        return None
    purpose = attempt_purpose(claim.call.effect_id, claim.fence)
    return keys.seal(words[:WORDS_KEPT].encode("utf-8", "replace"), purpose).pack()
