"""Correspondences made once more from the log: lives of chance, with and without known answers."""

import random
from typing import Any

import pytest

from contracts.events import Accepted, HandedOver
from notifier.rebuild import plan
from plumbing.rebuilding.planning import ENDED
from tests.unit import lifecycle_kit as life_kit
from tests.unit.builders import A_UNIT, BIRTH, some_particulars
from tests.unit.notifier_kit import a_return
from tests.unit.rebuild_kit import RING
from tests.unit.rebuild_lives import ServiceLife, differing

PLAN = plan(RING)
STEPS: tuple[Any, ...] = (
    life_kit.SUBMITTED,
    life_kit.ROUTED,
    Accepted(unit_code=A_UNIT, procedure_code=BIRTH, actor="automatic", reference_version="1"),
    a_return().data,
    life_kit.registered(),
    life_kit.IN_DOUBT,
    life_kit.SENT_BACK,
    HandedOver(actor="officer-1", method="in_person"),
)


def live(chance: random.Random) -> ServiceLife:
    """Lead a life by chance: steps in order, some left out, answers whenever."""
    life = ServiceLife(PLAN)
    steps = [STEPS[0], *(step for step in STEPS[1:] if chance.random() < 0.7)]
    when = chance.choice((0, 0, 1, 99))
    for number, data in enumerate(steps):
        if number == when:
            life.get(some_particulars())
        life.hear(data)
        while life.open_calls and chance.random() < 0.8:
            answer(life, chance)
    if chance.random() < 0.1:
        life.get(None)
    while life.open_calls and chance.random() < 0.9:
        answer(life, chance)
    return life


def answer(life: ServiceLife, chance: random.Random) -> None:
    """Answer one of the calls that wait."""
    kind = chance.choice(life.open_calls)
    outcome = chance.choice(("done", "done", "done", "no", "stuck", "unknown"))
    if outcome == "unknown" and life.calls[kind].state == "IN_DOUBT":
        outcome = "done"
    reason = chance.choice(("", "number_unknown", "trial", "overtaken", "discarded"))
    life.answer(kind, outcome, reason if outcome == "no" else "")


@pytest.mark.parametrize("block", range(4))
def test_every_life_of_chance_comes_out_of_its_log_byte_for_byte(block: int):
    for seed in range(block * 100, (block + 1) * 100):
        life = live(random.Random(seed))

        told = life.told()

        assert told.notes == (), (seed, told.notes)
        assert differing(told.state, life.state) == [], seed
        head = life.log.heads.get("notifier")
        assert head is None or told.head.hash == head.hash
        states = {call.kind: call.state for call in told.calls}
        for kind, known in life.calls.items():
            assert (states[kind] in ENDED) == (known.state in ENDED), (seed, kind)


def test_without_the_live_calls_who_was_told_is_told_and_no_call_is_simply_to_be_made():
    proved = said = 0
    for seed in range(200):
        life = live(random.Random(seed))

        told = life.told(known=False)

        assert all(call.state in (*ENDED, "IN_DOUBT") for call in told.calls)
        assert told.head.sequence == getattr(life.log.heads.get("notifier"), "sequence", 0)
        for one, other in zip(told.state.news, life.state.news, strict=True):
            assert (one.citizen == "told") == (other.citizen == "told"), seed
            assert (one.portal == "informed") == (other.portal == "informed"), seed
        proved, said = proved + told.proved, said + len(told.story.groups)
    assert proved / said > 0.95
