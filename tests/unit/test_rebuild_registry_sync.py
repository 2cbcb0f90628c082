"""Registrations made once more from the log: lives of chance, with and without known answers."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest

from contracts.envelope import Cause, sha256
from contracts.events import Stopped, Withdrawn
from plumbing.rebuilding.planning import ENDED
from registry_sync.rebuild import plan
from registry_sync.registration import RegisterSaid
from tests.unit.builders import A_CODE, some_particulars
from tests.unit.rebuild_kit import RING
from tests.unit.rebuild_lives import ServiceLife, differing
from tests.unit.registry_sync_kit import ENTRY, accepted, forwarded

PLAN = plan(RING)
#: In no event: moments, who said the unit, the number itself, versions the topic has dropped.
UNTOLD = ("pushed_at", "unit_told", "personal_number", "earlier")


def live(chance: random.Random) -> ServiceLife:
    """Lead a life by chance."""
    life = ServiceLife(PLAN)
    if chance.random() < 0.9:
        life.get(some_particulars())
    for _ in range(chance.randrange(1, 14)):
        step(life, chance)
    return life


def step(life: ServiceLife, chance: random.Random) -> None:
    """Let one thing happen."""
    case = life.state
    match chance.randrange(9):
        case 0 | 1 if case.status in ("unseen", "returned"):
            round_ = 1 if case.status == "unseen" else case.round + 1
            at_register = round_ == 1 and chance.random() < 0.1
            data = accepted(round=round_, particulars_version=life.versions or 1)
            life.hear(data.data.model_copy(update={"at_register": at_register}))
        case 2 | 3 if life.open_calls:
            outcome = chance.choice(("done", "done", "done", "unknown", "no"))
            kind = life.open_calls[0]
            if outcome == "unknown" and life.calls[kind].state == "IN_DOUBT":
                return
            life.answer(kind, outcome, "register_said_no" if outcome == "no" else "")
        case 4 | 5 if case.status in ("pushed", "registered", "returned"):
            say(life, chance)
        case 6:
            life.get(None if chance.random() < 0.2 else some_particulars("mới"))
        case 7:
            life.hear(forwarded("26740"))
        case 8 if chance.random() < 0.3:
            ends = (
                Withdrawn(actor="officer-1", on_request=True),
                Stopped(reason="legal_obstacle", final=False, actor="officer-1"),
            )
            life.hear(chance.choice(ends))


def say(life: ServiceLife, chance: random.Random) -> None:
    """Let the register say something."""
    life.now += timedelta(seconds=1)
    case = life.state
    number = "000190000001" if chance.random() < 0.4 else None
    entry = replace(ENTRY, personal_number=number, number=str(chance.randrange(15, 17)))
    outcome = "registered" if case.status == "registered" else None
    outcome = outcome or chance.choice(("registered", "registered", "supplement", "refused"))
    word = RegisterSaid(
        outcome,
        entry if outcome == "registered" else None,
        case.round,
        life.now,
        case.known_revision,
    )
    life.decide(word, Cause(f"poll:{A_CODE}", sha256(repr(word).encode())))


@pytest.mark.parametrize("block", range(4))
def test_every_life_of_chance_comes_out_of_its_log_byte_for_byte(block: int):
    for seed in range(block * 150, (block + 1) * 150):
        life = live(random.Random(seed))

        told = life.told()

        if not life.begun:
            assert told.state is None
            continue
        assert told.notes == (), (seed, told.notes)
        assert differing(told.state, life.state, *UNTOLD) == [], seed
        head = life.log.heads.get("registry-sync")
        assert head is None or told.head.hash == head.hash
        states = {call.kind: call.state for call in told.calls}
        for kind, known in life.calls.items():
            assert (states[kind] in ENDED) == (known.state in ENDED), (seed, kind)


def test_without_the_live_calls_none_that_may_have_been_made_is_simply_to_be_made():
    for seed in range(200):
        life = live(random.Random(seed))

        told = life.told(known=False)

        assert all(call.state in (*ENDED, "IN_DOUBT") for call in told.calls)
        assert {call.kind for call in told.calls} >= life.calls.keys()
        assert told.head.sequence == getattr(life.log.heads.get("registry-sync"), "sequence", 0)


def test_of_versions_the_topic_has_dropped_the_states_are_still_those_of_the_log():
    life = ServiceLife(PLAN)
    life.get(some_particulars())
    life.hear(accepted().data)
    life.answer("push", "done")
    say_registered(life)
    first = next(one for one in life.log.records if one.topic == "dossier.particulars.v1")

    told = life.told(but=(first,))

    assert told.state.status == "registered"
    assert told.state.entry == life.state.entry
    assert [note.why for note in told.notes] == ["rules_differ"]


def say_registered(life: ServiceLife) -> None:
    """Let the register enter it."""
    life.now += timedelta(seconds=1)
    word = RegisterSaid("registered", ENTRY, life.state.round, life.now)
    life.decide(word, Cause(f"poll:{A_CODE}", "0" * 64))
