"""The archive against a real broker: every record, byte by byte, in both directions."""

import asyncio
from pathlib import Path
from uuid import uuid4

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.archive import SCHEMA, listing, read
from audit.comparing import Comparison, compare_with_broker
from audit.findings import Verdict
from audit.kafka_reading import BrokerAway, BulkReader
from audit.verifying.collecting import Place
from local_stack.stack import Stack
from tests.integration.audit_kit import Bench

pytestmark = pytest.mark.timeout(180)


@pytest.fixture
async def bench(servers: Stack, tmp_path: Path) -> Bench:
    """A topic of records of every kind, all of them archived by a writer that is gone."""
    bench = Bench(servers.status().kafka, tmp_path / "archive")
    await asyncio.to_thread(bench.make_topic)
    for partition in (0, 1):
        bench.put(b"value", str(uuid4()).encode(), [("content-type", b"x")], partition, times=4)
        bench.put(None, None, partition=partition)
        bench.put(b"", b"", [("none", None), ("none", b""), ("", b"\xff\x00")], partition)
    async with bench.archiving():
        await bench.caught_up()
    return bench


def compared(bench: Bench) -> Comparison:
    with BulkReader(bench.bootstrap) as reader:
        return compare_with_broker(bench.root, reader, [bench.topic])


async def test_given_the_same_records_then_it_is_sound_and_what_comes_later_is_behind(
    bench: Bench,
) -> None:
    before = compared(bench)
    bench.put(b"later", partition=1, times=3)
    after = compared(bench)

    place = Place(bench.topic.name, 1)
    assert (before.verdict, sum(before.same.values()), before.behind[place]) == (0, 12, 0)
    assert (after.verdict, sum(after.same.values()), after.behind[place]) == (0, 12, 3)


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("value", b"valuE"),
        ("key", None),
        ("headers", []),
        ("headers", [{"name": "content-type", "value": b"y"}]),
        ("timestamp", 0),
    ],
)
async def test_given_a_part_of_a_record_that_differs_then_it_is_named(
    bench: Bench, column: str, value: object
) -> None:
    _edit(bench, lambda rows: rows[2].update({column: value}))

    result = compared(bench)

    (finding,) = result.findings
    assert (finding.verdict, finding.kind) == (Verdict.DIVERGED, "archives_differ")
    assert (finding.topic, finding.partition, finding.offset) == (bench.topic.name, 0, 2)
    assert column in finding.text
    assert sum(result.same.values()) == 11


async def test_given_a_record_only_one_of_them_has_then_it_is_named(bench: Bench) -> None:
    _edit(bench, lambda rows: rows.pop(1))

    (finding,) = compared(bench).findings

    assert (finding.offset, finding.text) == (1, "the archive does not have it")


async def test_given_a_broker_that_lost_its_log_then_every_record_is_named(bench: Bench) -> None:
    await asyncio.to_thread(bench.delete_topic)
    while bench.topic.name in bench.admin.list_topics(timeout=10).topics:
        await asyncio.sleep(0.05)
    await asyncio.to_thread(bench.make_topic)

    result = compared(bench)

    assert {one.text for one in result.findings} == {"the broker does not have it"}
    assert len(result.findings) == 12


async def test_given_no_such_topic_or_no_broker_then_it_says_so(bench: Bench) -> None:
    await asyncio.to_thread(bench.delete_topic)
    while bench.topic.name in bench.admin.list_topics(timeout=10).topics:
        await asyncio.sleep(0.05)

    with pytest.raises(BrokerAway):
        compared(bench)
    with BulkReader("127.0.0.1:1", wait_seconds=0.5) as reader, pytest.raises(BrokerAway):
        compare_with_broker(bench.root, reader, [bench.topic])


def _edit(bench: Bench, change) -> None:  # type: ignore[no-untyped-def]
    segment = listing(bench.root).by_place()[bench.topic.name, 0][0]
    rows = read(bench.root, segment).to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), bench.root / segment.file)
