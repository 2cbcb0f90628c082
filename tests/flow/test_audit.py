"""The archive of a whole stack: what travelled is in it as it is on the log, nothing personal."""

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import aiohttp
import duckdb
import pyarrow.dataset as ds

from audit.archive import listing, origin_of, read
from audit.records import Record, records_of
from local_stack import status as stack_status
from local_stack.stack import Stack
from local_stack.status import Status
from tests.chaos.campaign.invariants.privacy import _SHAPES
from tests.chaos.campaign.personal import Search, personal_values
from tests.conftest import ROOT
from tests.flow.kit import following, good_samples, token, until, whole_log

SAMPLES = 6


async def the_log(status: Status) -> dict[tuple[str, int], list[Record]]:
    """Return what is on the lifecycle topics, by topic and partition."""
    found: dict[tuple[str, int], list[Record]] = {}
    for topic, records in (await whole_log(status)).items():
        for one in records:
            exact = Record(one.offset, one.timestamp, one.key, tuple(one.headers), one.value)
            found.setdefault((topic, one.partition), []).append(exact)
    return found


def the_archive(status: Status) -> dict[tuple[str, int], list[Record]]:
    root = ROOT / status.archive
    return {
        place: [one for segment in segments for one in records_of(read(root, segment))]
        for place, segments in listing(root).by_place().items()
    }


async def archived(status: Status) -> dict[tuple[str, int], list[Record]]:
    """Return the archive once it has all that is on the log, as it is there."""
    log = await the_log(status)

    async def at_the_ends() -> bool:
        kept = await asyncio.to_thread(the_archive, status)
        return all(len(kept.get(place, ())) >= len(records) for place, records in log.items())

    await until(at_the_ends, "the archive has all that is on the log")
    kept = the_archive(status)
    assert {place: kept[place][: len(records)] for place, records in log.items()} == log
    return kept


async def test_what_travelled_is_archived_exactly_and_nothing_of_it_is_personal(stack: Stack):
    status = stack.status()
    samples = good_samples(SAMPLES)
    async with following(status, samples) as journey:
        await journey.send()
        await journey.arrive()

    kept = await archived(status)

    values = [one for records in kept.values() for one in records]
    assert len(values) > SAMPLES * 5
    search = Search(personal_values([sample.submission for sample in samples]))
    for record in values:
        parts = [record.key, record.value, *(value for _, value in record.headers)]
        text = "\n".join((part or b"").decode(errors="replace") for part in parts)
        assert not search.finds(text), record.offset
        assert not _SHAPES.search(text), record.offset


async def test_a_killed_audit_goes_on_where_its_archive_ends(stack: Stack):
    before = stack.status().pids["audit"]
    async with following(stack.status(), good_samples(2)) as journey:
        sending = asyncio.create_task(journey.send())
        os.kill(before, signal.SIGKILL)
        await sending
        await journey.arrive()

    await archived(stack.status())

    assert stack.status().pids["audit"] != before


async def test_duckdb_and_arrow_read_it_and_the_audit_tells_what_it_has(stack: Stack):
    status = stack.status()
    await archived(status)
    root = ROOT / status.archive

    with duckdb.connect() as connection:
        rows = connection.execute(
            'SELECT topic, partition, max("offset") + 1, count(*) FROM read_parquet(?, '
            "hive_partitioning = true) GROUP BY ALL",
            [f"{root}/log/*/*/*.parquet"],
        ).fetchall()
    by_duckdb = {(topic, partition): (end, count) for topic, partition, end, count in rows}
    by_arrow = ds.dataset(root / "log", partitioning="hive").count_rows()

    told = await _told(status)
    assert by_duckdb.keys() <= told.keys()
    assert sum(count for _, count in by_duckdb.values()) <= by_arrow
    for place, (end, count) in by_duckdb.items():
        assert told[place][0] >= end
        assert told[place][1] >= count
    assert origin_of(root) == f"{status.stack}.hotich.example"


async def _told(status: Status) -> dict[tuple[str, int], tuple[int, int]]:
    """Return what the audit says it has; only those who may audit are told."""
    url = f"{status.urls['audit']}/v1/audit/archive"
    codes = {}
    async with aiohttp.ClientSession() as session:
        for client in ("", "national-portal", "auditor"):
            headers = (
                {"authorization": f"Bearer {await token(status, ROOT, client)}"} if client else {}
            )
            async with session.get(url, headers=headers) as answer:
                codes[client] = answer.status
                document: dict[str, Any] = json.loads(await answer.text())
    assert codes == {"": 401, "national-portal": 403, "auditor": 200}
    return {
        (one["topic"], one["partition"]): (one["next_offset"], one["records"])
        for one in document["places"]
    }


async def test_the_status_says_where_the_archive_is(stack: Stack):
    status = stack.status()

    assert Path(status.archive) == Path(status.state) / "archive"
    assert f"{'archive':<16}{status.archive}" in stack_status.lines(status)
