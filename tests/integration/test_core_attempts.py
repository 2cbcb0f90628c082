"""What is kept of the attempts at a call: every answer, its steps, and what the outside said."""

from collections.abc import AsyncIterator
from typing import Any
from uuid import uuid4

import pytest
import pytest_asyncio

from contracts.topics import PARTICULARS
from plumbing import effects
from plumbing.answers import WORDS_KEPT, attempt_purpose
from plumbing.calls import Answer, Call
from plumbing.effects import Executor
from plumbing.leases import BLANK, JOURNAL
from plumbing.sealing import Sealed
from tests.integration.core_kit import NOW, RING, Bench, Dossier, open_bench, until
from tests.integration.core_outside import (
    AGAIN,
    DONE,
    NO,
    STUCK,
    TELL,
    UNKNOWN,
    Outside,
    all_ended,
    an_executor,
    end_leases,
    kill_in_a_call,
    running,
    states,
)

NEVER = Answer("never", "malformed", words="Dữ liệu không hợp lệ: Nguyễn Văn A")


@pytest_asyncio.fixture(loop_scope="session")
async def bench(database: str, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Bench]:
    monkeypatch.setattr(effects, "backoff", lambda _: 0.02)
    async with open_bench(database) as one:
        yield one


async def attempts(bench: Bench) -> list[tuple[Any, ...]]:
    return await bench.fetch(
        "SELECT attempt, outcome, reason FROM effect_attempt ORDER BY effect_id, fence"
    )


async def words(bench: Bench) -> list[str | None]:
    rows = await bench.fetch("SELECT effect_id, fence, words FROM effect_attempt ORDER BY fence")
    return [
        packed and RING.open(Sealed.unpack(packed), attempt_purpose(effect_id, fence)).decode()
        for effect_id, fence, packed in rows
    ]


async def calls_until_ended(bench: Bench, *script: Answer | Exception) -> Dossier:
    dossier = Dossier()
    await bench.bring(dossier, TELL)
    async with running(an_executor(bench, Outside([*script]))):
        await all_ended(bench)
    return dossier


async def test_given_a_first_attempt_that_succeeds_then_no_attempt_is_kept(bench):
    await calls_until_ended(bench, DONE)

    assert await attempts(bench) == []


@pytest.mark.parametrize("answer", [NO, STUCK, NEVER], ids=lambda answer: answer.outcome)
async def test_given_a_first_attempt_that_did_not_succeed_then_it_is_kept(bench, answer):
    await calls_until_ended(bench, answer)

    assert await attempts(bench) == [(1, answer.outcome, answer.reason)]


async def test_given_several_attempts_then_every_answer_is_kept_in_order_with_the_last(bench):
    await calls_until_ended(bench, AGAIN, UNKNOWN, RuntimeError("cut off"), DONE)

    assert await attempts(bench) == [
        (1, "again", ""),
        (2, "unknown", ""),
        (3, "unknown", "RuntimeError"),
        (4, "done", ""),
    ]


async def test_given_a_process_killed_in_a_call_when_taken_up_then_that_attempt_was_lost(bench):
    await bench.bring(Dossier(), TELL)
    await kill_in_a_call(bench)

    async with running(an_executor(bench, Outside())):
        await all_ended(bench)

    assert await attempts(bench) == [(1, "lost", ""), (2, "done", "")]


async def test_given_an_answer_after_the_lease_when_recorded_then_the_attempt_stays_lost(bench):
    await bench.bring(Dossier(), TELL)
    zombie = an_executor(bench, Outside([NO]))
    await zombie._claim(1)
    await end_leases(bench)
    async with running(an_executor(bench, Outside())):
        await all_ended(bench)

    await zombie._record([await zombie._answers.get()])

    assert await attempts(bench) == [(1, "lost", ""), (2, "done", "")]


async def test_given_a_call_that_notes_its_steps_then_they_are_kept_in_order(bench):
    async def asks_first(call: Call) -> Answer:
        call.note("asked", "unknown")
        call.note("told", "http_500")
        return NEVER

    await bench.bring(Dossier(), TELL)
    async with running(an_executor(bench, asks_first)):
        await all_ended(bench)

    assert await bench.fetch("SELECT steps FROM effect_attempt") == [
        ("asked:unknown told:http_500",)
    ]


async def test_given_what_the_outside_said_then_it_is_kept_encrypted_for_that_attempt_alone(bench):
    long = Answer("again", words="ố" * (WORDS_KEPT + 1))
    await calls_until_ended(bench, NEVER)
    await calls_until_ended(bench, long, NO)

    rows = await bench.fetch("SELECT words FROM effect_attempt")
    assert sorted(await words(bench), key=str) == [NEVER.words, None, "ố" * WORDS_KEPT]
    assert not any("Nguyễn".encode() in (packed or b"") for (packed,) in rows)


async def test_given_erasure_then_nothing_of_what_was_said_before_or_is_said_after_stays(bench):
    dossier, other = Dossier(), Dossier()
    said = Answer("again", words="before")
    caller = Outside([said])
    await bench.bring(dossier, TELL)
    await bench.bring(other, TELL)
    executor = an_executor(bench, caller)
    await executor._claim(2)
    await executor._record([await executor._answers.get(), await executor._answers.get()])

    await bench.pool.execute(BLANK, [dossier.id], PARTICULARS.name)
    await bench.pool.execute(
        "INSERT INTO inbound_cursor VALUES ($1, 'particulars', 2147483647)", dossier.id
    )
    caller.script = [NEVER]
    async with running(an_executor(bench, caller)):
        await all_ended(bench)

    rows = await bench.fetch(
        "SELECT dossier_id = $1, words IS NOT NULL, count(*) FROM effect_attempt"
        " JOIN effect USING (effect_id) GROUP BY 1, 2 ORDER BY 1",
        dossier.id,
    )
    assert rows == [(False, True, 2), (True, False, 2)]


async def test_given_never_then_a_person_must_look_without_doubt_and_the_rule_hears_nothing(bench):
    dossier = await calls_until_ended(bench, NEVER)

    assert await states(bench) == [(TELL.kind, "MANUAL", "malformed")]
    assert await bench.fetch(
        "SELECT in_doubt, doubt_since, request IS NULL, ended_at IS NULL FROM effect"
    ) == [(False, None, False, False)]
    assert await bench.trail(dossier) == ("brought",)


async def test_given_never_of_a_call_in_doubt_then_the_doubt_stays_and_was_said_once(bench):
    dossier = await calls_until_ended(bench, UNKNOWN, UNKNOWN, NEVER)

    assert await bench.fetch("SELECT state, in_doubt, doubt_since IS NULL FROM effect") == [
        ("MANUAL", True, False)
    ]
    assert await bench.trail(dossier) == ("brought", "doubt toy:told final=False")


async def test_given_a_rules_bug_when_the_answer_is_not_recorded_then_no_attempt_is_kept(
    bench, monkeypatch
):
    await bench.bring(Dossier(), TELL)
    executor = Executor(bench.part, bench.pool, RING, {"toy": Outside([NO])}, lambda: NOW)
    await executor._claim(1)

    async def broken(*_: Any) -> None:
        raise ZeroDivisionError("a rule's bug")

    with monkeypatch.context() as patch:
        patch.setattr(effects, "apply_facts", broken)
        await executor._record([await executor._answers.get()])

    assert await attempts(bench) == []
    await until(lambda: bench.count("effect WHERE state = 'IN_FLIGHT'"))


async def test_given_a_call_tried_for_days_then_its_first_and_its_latest_attempts_are_kept(bench):
    one, other = uuid4(), uuid4()
    for attempt in range(1, 201):
        columns = ([attempt], [attempt], ["again"], [""], [""], [None])
        await bench.pool.execute(JOURNAL, [one], *columns)
        if attempt <= 15:
            await bench.pool.execute(JOURNAL, [other], *columns)

    kept = await bench.fetch(
        "SELECT effect_id, array_agg(attempt ORDER BY fence) FROM effect_attempt GROUP BY 1"
    )

    assert dict(kept) == {
        one: [*range(1, 11), *range(151, 201)],
        other: [*range(1, 16)],
    }
