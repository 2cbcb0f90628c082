"""A batch on the in-memory database: its offset, its bad records, and whose place it is."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import patch

import asyncpg
import pytest
from aiokafka import TopicPartition

from contracts.envelope import MalformedEvent
from plumbing import settling
from plumbing.metrics import RECORDS
from plumbing.offsets import NotOwner
from plumbing.settling import Flood, FloodGate, Portion, condemns
from tests.integration.core_kit import Dossier
from tests.simulation.bench import EVENTS, PLAIN, Bench

OTHER = TopicPartition(PLAIN.topic, 1)
TWO = {PLAIN: (b"a", b"b"), OTHER: (b"c", b"d")}


def test_given_a_batch_with_a_hole_when_settled_then_the_offset_is_behind_its_last_record() -> None:
    bench = Bench()
    rows = bench.records(b"a", None, b"c")

    async def test() -> None:
        await bench.start_at(0)
        assert await bench.settler.settle(PLAIN, rows, 0) == 3
        assert await bench.offset() == 3

    bench.play(test())
    assert (bench.counted(), bench.settled, bench.dead()) == ({0: 1, 2: 1}, 1, [])


@pytest.mark.parametrize("error", [NotOwner(), Flood(), OSError(), asyncpg.PostgresError()])
def test_given_an_error_that_is_not_the_records_when_settled_then_it_is_raised(
    error: Exception,
) -> None:
    bench = Bench()
    rows = bench.records(b"a", b"b")
    bench.errors[b"b"] = [error]

    async def test() -> None:
        await bench.start_at(0)
        with pytest.raises(type(error)):
            await bench.settler.settle(PLAIN, rows, 0)
        assert await bench.offset() == 0

    bench.play(test())
    assert not condemns(error)
    assert (bench.counted(), bench.settled, bench.dead()) == ({}, 0, [])


def test_given_another_owner_when_settled_then_it_is_raised_and_nothing_is_written() -> None:
    bench = Bench()
    rows = bench.records(b"a", b"b")
    bench.errors[b"a"] = [ZeroDivisionError()]

    async def test() -> None:
        await bench.start_at(1)
        for records, expected in ((rows, 0), (rows[:1], 0), (rows[1:], 2)):
            with pytest.raises(NotOwner):
                await bench.settler.settle(PLAIN, records, expected)
        with pytest.raises(NotOwner):
            await bench.settler._bury(PLAIN, rows[0], 0, ZeroDivisionError())
        assert await bench.offset() == 1

    bench.play(test())
    assert (bench.counted(), bench.settled, bench.dead()) == ({}, 0, [])


def _of_two_partitions(bench: Bench, errors: dict[bytes, list[Exception]]) -> list[Any]:
    """Settle two records of each of two partitions at once; return what each came to."""
    rows = {tp: bench.records(*bodies, tp=tp) for tp, bodies in TWO.items()}
    bench.errors = errors

    async def test() -> list[Any]:
        for tp in TWO:
            await bench.start_at(0, tp)
        settled = (bench.settler.settle(tp, rows[tp], 0) for tp in TWO)
        return await asyncio.gather(*settled, return_exceptions=True)

    return bench.play(test())


def test_given_two_partitions_when_they_meet_then_they_are_settled_in_one_transaction() -> None:
    bench = Bench()

    assert _met(bench, TWO, {}) == [True, True]

    assert bench.batches == [4]
    assert bench.counted() == {0: 2, 1: 2}


def test_given_one_partition_when_it_meets_none_then_it_is_left_to_itself() -> None:
    bench = Bench()

    assert _met(bench, {PLAIN: TWO[PLAIN]}, {}) == [False]

    assert bench.batches == []


def test_given_what_was_settled_with_others_then_it_is_not_settled_again() -> None:
    bench = Bench()
    rows = bench.records(b"a", b"b")

    async def met(_: Portion) -> bool:
        return True

    async def test() -> None:
        bench.settler._together[PLAIN.topic] = cast(Any, met)
        assert await bench.settler.settle(PLAIN, rows, 0) == 2

    bench.play(test())

    assert (bench.batches, bench.settled) == ([], 1)


@pytest.mark.parametrize("error", [ZeroDivisionError(), NotOwner(), Flood(), OSError()])
def test_given_an_error_of_one_when_two_partitions_meet_then_nothing_of_either_is_written(
    error: Exception,
) -> None:
    bench = Bench()

    assert _met(bench, TWO, {b"d": [error]}) == [False, False]

    assert (bench.counted(), bench.dead()) == ({}, [])
    assert bench.said.count("partitions_settled_apart") == 1


def _met(
    bench: Bench, bodies: dict[TopicPartition, Any], errors: dict[bytes, list[Exception]]
) -> list[bool]:
    portions = [Portion(tp, bench.records(*own, tp=tp), 0) for tp, own in bodies.items()]
    bench.errors = errors

    async def test() -> list[bool]:
        for tp in bodies:
            await bench.start_at(0, tp)
        return await bench.settler._at_once(portions)

    return bench.play(test())


def test_given_a_bad_record_of_one_partition_then_it_is_buried_and_all_others_count() -> None:
    bench = Bench()
    counter = RECORDS.labels(bench.settler.service, PLAIN.topic, "dead")
    before = counter._value.get()

    assert _of_two_partitions(bench, {b"b": [ZeroDivisionError()]}) == [2, 2]

    assert (bench.counted(), bench.dead()) == ({0: 2, 1: 1}, [(1, "ZeroDivisionError")])
    assert counter._value.get() == before + 1


def test_given_a_partition_that_moved_on_elsewhere_then_the_other_settles_without_it() -> None:
    bench = Bench()
    rows = {tp: bench.records(*bodies, tp=tp) for tp, bodies in TWO.items()}

    async def test() -> list[Any]:
        await bench.start_at(0)
        await bench.start_at(1, OTHER)
        settled = (bench.settler.settle(tp, rows[tp], 0) for tp in TWO)
        return await asyncio.gather(*settled, return_exceptions=True)

    first, other = bench.play(test())

    assert first == 2
    assert isinstance(other, NotOwner)
    assert bench.counted() == {0: 1, 1: 1}


def test_given_trouble_that_passes_then_nothing_of_either_partition_is_written() -> None:
    bench = Bench()
    away = [ConnectionResetError(), ConnectionResetError()]

    first, other = _of_two_partitions(bench, {b"a": list(away), b"d": list(away)})

    assert [type(one) for one in (first, other)] == [ConnectionResetError] * 2
    assert (bench.counted(), bench.settled) == ({}, 0)


@pytest.mark.parametrize("bad", [b"a", b"b", b"c"])
def test_given_a_bad_record_when_settled_then_it_is_buried_alone_and_the_others_count(
    bad: bytes,
) -> None:
    bench = Bench()
    rows = bench.records(b"a", None, b"b", None, b"c")
    bench.errors[bad] = [ZeroDivisionError()]
    offsets = {b"a": 0, b"b": 2, b"c": 4}

    async def test() -> None:
        await bench.start_at(0)
        assert await bench.settler.settle(PLAIN, rows, 0) == 5
        assert await bench.offset() == 5

    bench.play(test())
    place = offsets.pop(bad)
    assert bench.counted() == dict.fromkeys(offsets.values(), 1)
    assert (bench.settled, bench.dead()) == (1, [(place, "ZeroDivisionError")])


def test_given_a_record_that_is_no_event_when_buried_then_its_own_reason_is_kept() -> None:
    bench = Bench()
    rows = bench.records(b"a")
    bench.errors[b"a"] = [MalformedEvent("json_invalid")]

    async def test() -> None:
        await bench.start_at(0)
        await bench.settler.settle(PLAIN, rows, 0)

    bench.play(test())
    assert bench.dead() == [(0, "json_invalid")]


def test_given_a_bad_batch_when_the_database_goes_away_then_what_was_not_settled_waits() -> None:
    bench = Bench()
    rows = bench.records(b"a", b"b", b"c")
    bench.errors[b"b"] = [ZeroDivisionError(), ConnectionResetError()]

    async def test() -> None:
        await bench.start_at(0)
        with pytest.raises(ConnectionResetError):
            await bench.settler.settle(PLAIN, rows, 0)
        assert await bench.offset() == 1

    bench.play(test())
    assert (bench.counted(), bench.settled, bench.dead()) == ({0: 1}, 0, [])


def test_given_more_bad_records_than_allowed_then_it_is_a_flood_and_no_more_are_buried() -> None:
    bench = Bench(flood_limit=2)
    rows = bench.records(b"bad", b"bad", b"good", b"bad")
    bench.errors[b"bad"] = [ZeroDivisionError()]

    async def test() -> None:
        await bench.start_at(0)
        with pytest.raises(Flood):
            await bench.settler.settle(PLAIN, rows, 0)
        assert await bench.offset() == 3

    bench.play(test())
    assert [offset for offset, _ in bench.dead()] == [0, 1]


def test_given_suspects_beyond_the_limit_then_the_batch_is_a_flood_and_nothing_is_written() -> None:
    bench, dossier = Bench(flood_limit=2), Dossier()
    for _ in range(3):
        body = dossier.says("routed").replace(b"dossier.routed.v1", b"dossier.routed.v2")
        bench.records(body, tp=EVENTS)
    rows = [row.__class__(**{**vars(row), "key": str(dossier.id).encode()}) for row in _of(bench)]

    async def test() -> None:
        await bench.start_at(0, EVENTS)
        await bench.settler.settle(EVENTS, rows[:2], 0)
        with pytest.raises(Flood):
            await bench.settler.settle(EVENTS, rows[2:], 2)
        assert await bench.offset(EVENTS) == 2

    bench.play(test())
    assert [offset for offset, _ in bench.dead()] == [0, 1]


def _of(bench: Bench) -> list[Any]:
    return list(bench.log[EVENTS].records)


def test_a_flood_is_more_than_the_limit_within_the_window_and_no_failure_is_counted_longer() -> (
    None
):
    hand = SimpleNamespace(now=1000.0)
    with patch.object(settling, "time", SimpleNamespace(monotonic=lambda: hand.now)):
        gate = FloodGate(3)
        gate.count(2)
        gate.count()
        hand.now += 60.0  # the edge still belongs to the window
        with pytest.raises(Flood):
            gate.count()
        hand.now += 60.1
        gate.count(3)
        with pytest.raises(Flood, match="more than 3 records failed in 60 s"):
            gate.count(1)
        hand.now += 60.1
        for _ in range(4):
            gate.count()
            hand.now += 30.0


def test_a_rules_error_condemns_and_what_the_database_says_of_itself_does_not() -> None:
    assert condemns(ZeroDivisionError())
    assert condemns(asyncpg.DataError())
    assert condemns(asyncpg.UniqueViolationError())
    for error in (NotOwner(), Flood(), ConnectionResetError(), asyncpg.CannotConnectNowError()):
        assert not condemns(error)
