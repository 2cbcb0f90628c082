"""The consumer's offsets on the in-memory database: what is fresh, what is a gap, what is next."""

from typing import Any

import pytest

from plumbing.offsets import NotOwner
from tests.simulation.bench import PLAIN, Bench


def test_given_a_partition_never_seen_when_asked_then_it_begins_at_0_and_is_remembered() -> None:
    bench = Bench()

    async def test() -> None:
        member = bench.member(PLAIN)
        assert await member._expected(PLAIN) == 0
        assert await bench.offset() == 0
        await bench.move(0, 7)
        assert await member._expected(PLAIN) == 0

    bench.play(test())


@pytest.mark.parametrize("offset", [0, 7])
def test_given_a_partition_known_when_asked_then_the_database_says_what_is_next(
    offset: int,
) -> None:
    bench = Bench()

    async def test() -> None:
        await bench.start_at(offset)
        member = bench.member(PLAIN)
        assert await member._expected(PLAIN) == offset
        assert member._next == {PLAIN: offset}

    bench.play(test())


def test_given_records_again_when_settled_then_only_the_fresh_ones_count() -> None:
    bench = Bench()
    rows = bench.records(b"a", b"b", b"c", b"d")

    async def test() -> None:
        member = bench.member(PLAIN)
        await member._settle(PLAIN, rows[:2])
        bench.loop._now += 100
        await member._settle(PLAIN, rows[1:3])
        assert member._moved_at == bench.loop.time()
        await member._settle(PLAIN, rows[:3])
        assert (member._next[PLAIN], await bench.offset()) == (3, 3)
        assert not member.failed.done()

    bench.play(test())
    assert bench.counted() == {0: 1, 1: 1, 2: 1}


@pytest.mark.parametrize(("records", "fails"), [(2, True), (3, False), (4, False)])
def test_given_only_old_records_when_the_topic_ends_before_our_offset_then_the_process_stops(
    records: int, fails: bool
) -> None:
    bench = Bench()
    rows = bench.records(*[b"x"] * records)

    async def test() -> None:
        await bench.start_at(3)
        member = bench.member(PLAIN)
        await member._settle(PLAIN, rows[:2])
        assert member.failed.done() == fails
        if fails:
            assert "made anew" in str(member.failed.exception())

    bench.play(test())
    assert bench.counted() == {}


def test_given_only_old_records_when_the_end_is_not_known_then_nothing_happens() -> None:
    bench = Bench()
    rows = bench.records(b"x")

    async def test() -> None:
        await bench.start_at(3)
        member = bench.member(PLAIN)
        bench.client.highwater = lambda _: None  # type: ignore[assignment, method-assign, return-value]
        await member._settle(PLAIN, rows)
        member._client = None  # type: ignore[assignment]
        await member._settle(PLAIN, rows)
        assert not member.failed.done()

    bench.play(test())


def test_given_a_gap_when_found_a_second_time_then_it_is_passed_over() -> None:
    bench = Bench()
    rows = bench.records(None, None, b"c", b"d")

    async def test() -> None:
        member = bench.member(PLAIN)
        bench.client.seek(PLAIN, 4)
        await member._settle(PLAIN, rows)
        assert (await bench.offset(), bench.client._positions[PLAIN]) == (0, 0)
        assert bench.counted() == {}
        await member._settle(PLAIN, rows)
        assert (await bench.offset(), member._next[PLAIN]) == (4, 4)
        assert member._holes.looked(PLAIN) is None

    bench.play(test())
    assert bench.counted() == {2: 1, 3: 1}
    assert bench.said.count("records_missing_in_topic") == 1


def test_given_another_gap_the_second_time_when_settled_then_it_is_looked_at_again() -> None:
    bench = Bench()
    rows = bench.records(None, b"b", b"c")

    async def test() -> None:
        member = bench.member(PLAIN)
        await member._settle(PLAIN, rows[1:])
        await member._settle(PLAIN, rows)
        assert (await bench.offset(), bench.counted()) == (0, {})
        assert member._holes.looked(PLAIN) == (0, 1)

    bench.play(test())


def test_given_a_skip_of_the_client_when_the_record_comes_then_the_gap_is_forgotten() -> None:
    bench = Bench()
    rows = bench.records(b"a", b"b")

    async def test() -> None:
        member = bench.member(PLAIN)
        await member._settle(PLAIN, rows[1:])
        await member._settle(PLAIN, rows)
        assert member._holes.looked(PLAIN) is None
        assert await bench.offset() == 2

    bench.play(test())
    assert "client_skipped" in bench.said


@pytest.mark.parametrize("stopped", [False, True])
def test_given_a_partition_that_is_no_longer_ours_when_a_gap_is_found_then_nothing_is_remembered(
    stopped: bool,
) -> None:
    bench = Bench()
    rows = bench.records(None, b"b")

    async def test() -> None:
        member = bench.member()
        if stopped:
            member._client = None  # type: ignore[assignment]
        await member._settle(PLAIN, rows)
        assert member._holes.looked(PLAIN) is None
        assert bench.client._positions == {}

    bench.play(test())
    assert bench.counted() == {}


def test_given_a_hole_when_passed_over_then_what_is_next_follows_only_where_it_was() -> None:
    bench = Bench()

    async def test() -> None:
        await bench.start_at(2)
        member = bench.member(PLAIN)
        await member._pass_over(PLAIN, 2, 5)
        assert (await bench.offset(), member._next) == (5, {})
        member._next[PLAIN] = 9
        await member._pass_over(PLAIN, 5, 6)
        assert (await bench.offset(), member._next[PLAIN]) == (6, 9)
        member._next[PLAIN] = 6
        await member._pass_over(PLAIN, 6, 8)
        assert (await bench.offset(), member._next[PLAIN]) == (8, 8)
        with pytest.raises(NotOwner):
            await member._pass_over(PLAIN, 6, 9)

    bench.play(test())


def test_given_a_batch_when_settled_then_kafka_is_told_the_next_offset() -> None:
    bench, told = Bench(), []
    rows = bench.records(b"a", b"b")

    async def commit(offsets: Any) -> None:
        told.append(offsets)

    async def test() -> None:
        member = bench.member(PLAIN)
        bench.client.commit = commit  # type: ignore[method-assign]
        await member._settle(PLAIN, rows)
        for task in list(member._commits._under_way.values()):
            await task

    bench.play(test())
    assert told == [{PLAIN: 2}]
