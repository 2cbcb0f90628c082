"""The archive on a real broker: every record exactly as it is, every offset once, for ever."""

import asyncio
import json
import time
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka import Consumer, TopicPartition

from audit import archiving, followed
from audit.archive import listing
from audit.consuming import open_consumer
from local_stack.stack import Stack
from tests.integration.audit_kit import Bench, until

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
def bench(servers: Stack, tmp_path: Path) -> Bench:
    return Bench(servers.status().kafka, tmp_path / "archive")


@pytest.fixture
async def filled(bench: Bench) -> Bench:
    """A topic of some records, all of them archived by a writer that is gone."""
    await asyncio.to_thread(bench.make_topic)
    for number in range(5):
        bench.put(f"value {number}".encode(), partition=number % 2)
    async with bench.archiving():
        await bench.caught_up()
    return bench


async def test_given_records_of_every_kind_then_each_is_in_the_archive_as_it_is(bench: Bench):
    bench.make_topic()
    for partition in (0, 1):
        bench.put(b"value", partition=partition)
        bench.put(None, None, partition=partition)
        bench.put(b"", b"", [("none", None), ("none", b""), ("", b"\xff\x00")], partition)
        bench.put(b"\xff" * 600_000, "mã".encode(), [("tên", b"x")] * 3, partition)
        bench.put(b"the same", times=3, partition=partition)

    async with bench.archiving() as running:
        truth = await bench.caught_up()
        await until(lambda: running.trouble is None, "all is well")

    assert bench.kept() == truth
    assert [one.offset for one in truth[0]] == list(range(7))
    assert {(place[1], one.records) for place, one in running.reached.items()} == {(0, 7), (1, 7)}


async def test_given_a_new_start_then_it_goes_on_where_the_archive_ends(filled: Bench):
    before = listing(filled.root).segments
    filled.put(b"later")

    async with filled.archiving():
        truth = await filled.caught_up()

    assert filled.kept() == truth
    assert set(before) < set(listing(filled.root).segments)


async def test_given_it_is_told_to_stop_then_what_it_took_is_written(bench: Bench):
    bench.make_topic()
    bench.put(b"value", times=10)

    async with bench.archiving(flush_seconds=3600) as running:
        await until(lambda: running.trouble is None, "it follows")
        bench.put(b"last")
        await until(lambda: running.lag(bench.topic.name) == 11, "it has taken all")
        assert listing(bench.root).segments == ()

    assert bench.kept() == await bench.truth()


async def test_given_a_topic_that_is_not_there_yet_then_it_is_waited_for(bench: Bench):
    async with bench.archiving() as running:
        missing = f"topic_missing {bench.topic.name}/0"
        await until(lambda: running.trouble == missing, "it says what it waits for")
        bench.make_topic()
        bench.put(b"value")
        truth = await bench.caught_up()
        await until(lambda: running.trouble is None, "all is well")

    assert bench.kept() == truth


async def test_given_foreign_transactions_then_committed_records_alone_and_no_lag(bench: Bench):
    bench.make_topic()
    producer = bench.producer(**{"transactional.id": bench.topic.name})
    producer.init_transactions(20)
    for commits in (True, False, True):
        producer.begin_transaction()
        for number in range(3):
            producer.produce(bench.topic.name, f"{commits} {number}".encode(), partition=0)
        producer.flush(20)
        if commits:
            producer.commit_transaction(20)
        else:
            producer.abort_transaction(20)

    async with bench.archiving() as running:
        truth = await bench.caught_up()
        await until(lambda: running.lag(bench.topic.name) == 0, "nothing is waited for")

    assert bench.kept() == truth
    assert [one.offset for one in truth[0]] == [0, 1, 2, 8, 9, 10]
    async with bench.archiving() as running:
        bench.put(b"after the last marker")
        truth = await bench.caught_up()
        await until(lambda: running.trouble is None, "a marker at its end is no mismatch")
    assert bench.kept() == truth


async def test_given_a_process_killed_before_any_step_then_in_the_end_every_offset_once(
    bench: Bench,
):
    bench.make_topic()
    kills = 0
    for step in range(0, 40, 2):
        bench.put(f"step {step}".encode(), times=2, partition=step // 2 % 2)
        async with bench.process(kill_at=step) as process:
            truth = await bench.truth()
            count = sum(map(len, truth.values()))
            await until(
                lambda process=process, count=count: (
                    process.returncode is not None or sum(map(len, bench.kept().values())) >= count
                ),
                "it is killed, or has all",
            )
            if process.returncode is None:
                break
            assert process.returncode == -9
            kills += 1

    assert kills > 4
    async with bench.archiving():
        truth = await bench.caught_up()
    assert bench.kept() == truth


async def test_given_a_second_writer_then_it_says_so_and_goes_on_when_the_first_is_gone(
    filled: Bench,
):
    async with filled.process() as first:
        await _says(first, "archive_opened")
        async with filled.archiving() as second:
            await until(lambda: second.trouble == "archive_written_by_another", "it is refused")
            assert not second.opened.is_set()
            filled.put(b"by the first")
            await filled.caught_up()
            first.kill()
            await until(second.opened.is_set, "the second one goes on")
            filled.put(b"by the second")
            truth = await filled.caught_up()

    assert filled.kept() == truth


async def test_given_a_broker_that_goes_and_comes_then_it_is_waited_for(
    filled: Bench, servers: Stack
):
    async with filled.archiving() as running:
        await until(lambda: running.trouble is None, "it follows")
        await asyncio.to_thread(servers.stop_component, "kafka-1")
        try:
            await until(lambda: running.trouble == "kafka_away", "it says what it waits for")
            assert running.hangs is None
        finally:
            await asyncio.to_thread(servers.start_component, "kafka-1")
            await asyncio.to_thread(servers.await_component, "kafka-1")
        filled.put(b"after it came back")
        truth = await filled.caught_up()
        await until(lambda: running.trouble is None, "all is well")

    assert filled.kept() == truth


class Deaf:
    """A client that answers every question and brings no record, as librdkafka can be left."""

    def __init__(self, real: Consumer) -> None:
        self._real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self._real, name)

    def consume(self, *_: Any) -> list[Any]:
        time.sleep(0.05)
        return []


async def test_given_a_client_that_hears_nothing_more_then_another_one_takes_its_place(
    filled: Bench, monkeypatch: pytest.MonkeyPatch
):
    clients: list[Any] = []

    def connect(*given: Any) -> Any:
        real = open_consumer(*given)
        clients.append(real if clients else Deaf(real))
        return clients[-1]

    monkeypatch.setattr(archiving, "open_consumer", connect)
    monkeypatch.setattr(followed, "SILENT_SECONDS", 0.5)
    filled.put(b"unheard")

    async with filled.archiving():
        truth = await filled.caught_up()

    assert (len(clients), filled.kept()) == (2, truth)


async def test_given_a_log_that_lost_its_beginning_then_that_partition_alone_is_refused(
    filled: Bench,
):
    before = filled.kept()
    filled.put(b"never archived", times=3)
    filled.put(b"archived", partition=1)
    cut = filled.admin.delete_records([TopicPartition(filled.topic.name, 0, 5)])
    for done in cut.values():
        done.result(20)

    async with filled.archiving() as running:
        refused = f"archive_behind_log_start {filled.topic.name}/0"
        await until(lambda: running.trouble == refused, "it is refused")
        await until(lambda: len(filled.kept()[1]) == 3, "the other one goes on")

    assert filled.kept()[0] == before[0]


@pytest.mark.parametrize(
    ("again", "reason"), [(1, "log_shorter_than_archive"), (9, "log_differs_from_archive")]
)
async def test_given_a_topic_made_anew_then_nothing_of_it_is_archived(
    filled: Bench, again: int, reason: str
):
    before = filled.kept()
    filled.delete_topic()
    await until(lambda: _made_again(filled), "the topic is made anew")
    for partition in (0, 1):
        filled.put(b"another log", times=again, partition=partition)

    async with filled.archiving() as running:
        await until(lambda: (running.trouble or "").startswith(reason), "it is refused")

    assert filled.kept() == before


async def test_given_a_file_that_cannot_be_read_then_its_partition_is_refused(filled: Bench):
    bad = next(one for one in listing(filled.root).segments if one.partition == 1)
    (filled.root / bad.file).write_bytes(b"PAR1")

    async with filled.archiving() as running:
        refused = f"segment_unreadable {filled.topic.name}/1"
        await until(lambda: running.trouble == refused, "it is refused")


def _made_again(bench: Bench) -> bool:
    try:
        bench.make_topic()
    except Exception:  # it is still being deleted
        return False
    return True


async def _says(process: asyncio.subprocess.Process, event: str) -> None:
    assert process.stdout is not None
    while line := await process.stdout.readline():
        if line.startswith(b"{") and json.loads(line)["event"] == event:
            return
    raise AssertionError(f"it ended before {event}")
