"""Small conditions around sequence and offset that no larger test would miss."""

import json
from datetime import timedelta
from typing import Any, cast
from unittest.mock import AsyncMock, MagicMock, patch
from uuid import uuid4

from plumbing import offsets
from plumbing.answers import Claim
from plumbing.beginning import Beginnings
from plumbing.calls import Answer, Call, LeaseLost
from plumbing.cursors import save_cursors, save_parked
from plumbing.database import Conn
from plumbing.effects import Executor
from plumbing.sequencing import Unreadable, read
from plumbing.settling import FloodGate
from tests.integration.core_kit import ROUTING, Dossier, a_record
from tests.simulation.bench import PLAIN, Bench

NOBODY = cast(Conn, None)


def test_given_an_event_with_many_problems_when_read_then_twenty_are_kept() -> None:
    dossier = Dossier()
    document = json.loads(dossier.says("routed"))
    document |= {f"unknown{n}": n for n in range(30)}

    unreadable = read(a_record(ROUTING, json.dumps(document).encode(), b"key"))

    assert isinstance(unreadable, Unreadable)
    assert len(json.loads(unreadable.problems)) == 20


def test_given_no_failure_when_counted_then_it_is_no_flood() -> None:
    gate = FloodGate(0)
    gate.count(0)


def test_given_a_partition_that_another_replica_just_began_then_its_offset_counts() -> None:
    bench = Bench()
    begin = offsets.begin

    async def begun_elsewhere(*told: Any) -> None:
        await bench.start_at(5)
        await begin(*told)

    async def test() -> None:
        with patch.object(offsets, "begin", begun_elsewhere):
            assert await bench.member(PLAIN)._expected(PLAIN) == 5

    bench.play(test())


def test_given_a_partition_known_when_asked_then_it_is_not_begun_again() -> None:
    bench = Bench()

    async def never(*_: Any) -> None:
        raise AssertionError("begun again")

    async def test() -> None:
        await bench.start_at(5)
        with patch.object(offsets, "begin", never):
            assert await bench.member(PLAIN)._expected(PLAIN) == 5

    bench.play(test())


def test_given_nothing_to_save_then_the_database_is_not_asked() -> None:
    async def test() -> None:
        await save_cursors(NOBODY, {})
        await save_parked(NOBODY, [])

    Bench().play(test())


def pauses_of(*answers: Answer) -> list[float]:
    """Return how long each call waits after its first attempt was answered like that."""
    told: list[Any] = []

    class Finishing:
        async def fetch(self, _: str, *columns: Any) -> list[Any]:
            told.extend(columns)
            return []

    async def begin() -> None:
        raise AssertionError("begun")

    def a_claim() -> Claim:
        call = Call(uuid4(), uuid4(), "sms:a", b"", 1, False, timedelta(0), False, begin)
        return Claim(call, 1, doubt_said=False)

    batch = [(a_claim(), answer) for answer in answers]
    Bench().play(Executor._finish(cast(Any, None), cast(Conn, Finishing()), batch))
    return cast(list[float], told[-1])


def test_given_an_answer_with_a_time_then_it_is_waited_for_and_else_the_usual_pause() -> None:
    held, usual = pauses_of(Answer("again", "night", wait_seconds=3600), Answer("again"))

    assert held == 3600
    assert 0.5 <= usual <= 1.0


def test_given_a_call_under_its_lease_when_it_begins_then_it_goes_on_and_else_it_does_not() -> None:
    effect = uuid4()

    async def begins(held: list[dict[str, Any]]) -> bool:
        conn, pool = AsyncMock(), MagicMock()
        conn.fetch.return_value = held
        pool.acquire.return_value.__aenter__.return_value = conn
        try:
            await Beginnings(pool).begin(effect, 1)
        except LeaseLost:
            return False
        return True

    async def test() -> None:
        assert [
            await begins([{"effect_id": effect, "fence": 1}]),
            await begins([{"effect_id": effect, "fence": 2}]),
            await begins([]),
        ] == [True, False, False]

    Bench().play(test())
