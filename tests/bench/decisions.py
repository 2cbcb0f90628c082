"""How many decisions the one-stop's rules make in a second, on one core and without a database.

Run as `python -m tests.bench.decisions`; `cold` gives every dossier its own instant, `batch` a
hundred dossiers the same one, as a consumer does that settles a batch at once.
"""

import gc
import time
from collections.abc import Callable
from datetime import timedelta
from uuid import UUID

import reference
from contracts.decision import Decision, Refused
from routing.domain import RULES, Accept, Case, RoutingContext
from tests.unit.builders import A_CODE, A_DOSSIER, NOW, a_submission, an_event

KNOWN = reference.load()
ROUNDS, DECISIONS, BATCH = 5, 4000, 100
Decide = Callable[[], Decision[Case] | Refused]


def main() -> None:
    """Print decisions per second, the best of some rounds."""
    for name, figure in measure().items():
        print(f"{name:<40}{figure:>10,.0f} /s")


def measure() -> dict[str, int]:
    """Return decisions per second by what is decided and how many share an instant."""
    return {
        f"{name}_{kind}_per_second": round(per_second(prepare, together))
        for name, prepare in (("accept", accepting), ("submitted_and_accepted", submitting))
        for kind, together in (("cold", 1), ("batch", BATCH))
    }


def per_second(prepare: Callable[[int, int], list[Decide]], together: int) -> float:
    """Return the decisions made in a second; `together` dossiers share an instant."""
    best = 0.0
    for turn in range(ROUNDS):
        decisions, refused = prepare(turn, together), 0
        gc.collect()
        begin = time.perf_counter()
        for decide in decisions:
            refused += isinstance(decide(), Refused)
        best = max(best, len(decisions) / (time.perf_counter() - begin))
        assert not refused
    return best


def _context(turn: int, number: int, by_officer: bool) -> RoutingContext:
    now = NOW + timedelta(seconds=number, microseconds=turn)
    return RoutingContext(now, KNOWN, lambda _: by_officer)


def submitting(turn: int, together: int) -> list[Decide]:
    """Return decisions that route a submitted dossier and receive it at once."""
    rule, made = RULES[type(a_submission())], []
    for number in range(DECISIONS):
        context = _context(turn, number // together, False)
        submitted_at = NOW - timedelta(seconds=number + 1, microseconds=turn)
        event = an_event(a_submission(submitted_at=submitted_at))
        case = Case(UUID(int=number), "")
        made.append(lambda e=event, s=case, c=context: rule(e, s, c))
    return made


def accepting(turn: int, together: int) -> list[Decide]:
    """Return decisions of an officer who receives dossiers waiting on the desk."""
    desk, made = RULES[type(a_submission())], []
    act, rule = Accept("officer-26737"), RULES[Accept]
    waiting = desk(an_event(a_submission()), Case(A_DOSSIER, A_CODE), _context(0, 0, True))
    assert isinstance(waiting, Decision)
    for number in range(DECISIONS):
        context = _context(turn, number // together, True)
        made.append(lambda c=context: rule(act, waiting.state, c))
    return made


if __name__ == "__main__":
    main()
