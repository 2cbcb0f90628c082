"""Answers from the outside on a real database: recorded once, in bulk, with what follows."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio

from contracts.decision import Answered, Effect
from plumbing import effects
from plumbing.sealing import KeyRing, Sealed
from tests.integration.core_kit import RING, Bench, Dossier, open_bench, until
from tests.integration.core_outside import (
    AGAIN,
    DONE,
    NO,
    STUCK,
    TELL,
    UNKNOWN,
    Held,
    Outside,
    all_ended,
    an_executor,
    end_leases,
    running,
    states,
)
from tests.integration.core_toy import RULES

BUGGY: set[Any] = set()


def buggy_on_answered(message: Answered, case: Any, context: Any) -> Any:
    if case.dossier_id in BUGGY:
        raise ZeroDivisionError("a rule's bug")
    return RULES[Answered](message, case, context)


@pytest_asyncio.fixture(loop_scope="session")
async def bench(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    BUGGY.clear()
    monkeypatch.setattr(effects, "backoff", lambda _: 0.02)
    async with open_bench(database, {Answered: buggy_on_answered}) as one:
        yield one


@pytest.mark.parametrize(("answer", "state"), [(DONE, "DONE"), (NO, "REJECTED")])
async def test_given_a_final_answer_when_recorded_then_the_rule_heard_it_and_the_request_is_blank(
    bench, answer, state
):
    dossier, outside = Dossier(), Outside([answer])
    await bench.bring(dossier, TELL)

    async with running(an_executor(bench, outside)):
        await all_ended(bench)

    (call,) = outside.calls
    assert (call.request, call.attempt, call.in_doubt) == (TELL.request, 1, False)
    assert call.age > timedelta(0)
    assert await states(bench) == [(TELL.kind, state, answer.reason)]
    heard = f"{answer.outcome} {TELL.kind} {answer.reason}".strip()
    assert await bench.trail(dossier) == ("brought", heard)
    assert await bench.fetch("SELECT request, ended_at IS NULL FROM effect") == [(None, False)]
    assert await bench.count("outbox") == 1


async def test_given_again_when_called_later_then_with_the_same_bytes_and_without_doubt(bench):
    dossier, outside = Dossier(), Outside([AGAIN, AGAIN, DONE])
    await bench.bring(dossier, TELL)

    async with running(an_executor(bench, outside)):
        await all_ended(bench)

    assert [call.attempt for call in outside.calls] == [1, 2, 3]
    assert outside.doubts == [False, False, False]
    assert {call.request for call in outside.calls} == {TELL.request}
    assert await bench.trail(dossier) == ("brought", "done toy:told")


async def test_given_no_answer_when_called_later_then_in_doubt_and_the_doubt_is_said_once(bench):
    dossier = Dossier()
    outside = Outside([RuntimeError("cut off"), UNKNOWN, AGAIN, UNKNOWN, DONE])
    await bench.bring(dossier, TELL)

    async with running(an_executor(bench, outside)):
        await all_ended(bench)

    assert outside.doubts == [False, True, True, True, True]
    doubt = "doubt toy:told final=False"
    assert await bench.trail(dossier) == ("brought", doubt, "done toy:told")


async def test_given_a_call_that_never_ends_when_its_time_is_over_then_it_is_in_doubt(
    bench, monkeypatch
):
    monkeypatch.setattr(effects, "CALL_SECONDS", 0.05)
    dossier, held = Dossier(), Held(DONE)
    await bench.bring(dossier, TELL)

    async with running(an_executor(bench, held)):
        await until(lambda: bench.count("effect WHERE reason = 'no_answer_in_time'"))

    assert await bench.trail(dossier) == ("brought", "doubt toy:told final=False")


async def test_given_stuck_when_recorded_then_a_person_must_look_and_it_is_never_repeated(bench):
    dossier, outside = Dossier(), Outside([STUCK])
    follower = Effect("toy:later", TELL.lane, b"later")
    await bench.bring(dossier, TELL, follower)

    async with running(an_executor(bench, outside)):
        await until(lambda: len(outside.calls) == 2)
        await all_ended(bench)

    assert [call.kind for call in outside.calls] == [TELL.kind, follower.kind]
    assert {state for _, state, _ in await states(bench)} == {"MANUAL"}
    assert await bench.count("effect WHERE request IS NULL") == 0
    assert "doubt toy:told final=True" in await bench.trail(dossier)


async def test_given_many_answers_at_once_when_recorded_then_in_few_transactions(bench):
    held = Held(DONE)
    for _ in range(30):
        await bench.bring(Dossier(), TELL)

    async with running(executor := an_executor(bench, held)):
        await until(lambda: len(executor._flying) == 30)
        held.go.set()
        await all_ended(bench)

    ((transactions,),) = await bench.fetch("SELECT count(DISTINCT xmin::text) FROM effect")
    assert transactions <= 3
    assert await bench.count("outbox") == 30


async def test_given_a_rules_bug_for_one_answer_when_recorded_then_the_others_are_spared(bench):
    held, dossiers = Held(DONE), [Dossier() for _ in range(5)]
    BUGGY.add(dossiers[2].id)

    async def done_but_one() -> bool:
        return await bench.count("effect WHERE state = 'DONE'") == 4

    for dossier in dossiers:
        await bench.bring(dossier, TELL)

    async with running(executor := an_executor(bench, held)):
        await until(lambda: len(executor._flying) == 5)
        held.go.set()
        await until(done_but_one)

    assert await bench.fetch("SELECT dossier_id, state FROM effect WHERE state <> 'DONE'") == [
        (dossiers[2].id, "IN_FLIGHT")
    ]
    assert await bench.trail(dossiers[2]) == ("brought",)


async def test_given_a_request_that_does_not_open_when_tried_then_it_waits_for_its_key(bench):
    outside, elsewhere = Outside(), KeyRing("k9", {"k9": bytes(32)})
    await bench.bring(Dossier(), TELL)

    async with running(an_executor(bench, outside, elsewhere)):
        await until(lambda: bench.count("effect WHERE attempt > 1"))
    await end_leases(bench)
    assert outside.calls == []
    async with running(an_executor(bench, outside)):
        await all_ended(bench)

    assert len(outside.calls) == 1


async def test_given_a_stored_request_when_looked_at_then_it_is_encrypted(bench):
    await bench.bring(Dossier(), TELL)

    ((effect_id, packed),) = await bench.fetch("SELECT effect_id, request FROM effect")

    assert TELL.request not in packed
    assert RING.open(Sealed.unpack(packed), f"effect:{effect_id}") == TELL.request
