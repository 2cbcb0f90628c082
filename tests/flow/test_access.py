"""Who read personal data, proved; a person answered; an erasure that leaves every proof valid."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import aiohttp
import asyncpg
from aiokafka import AIOKafkaConsumer, TopicPartition
from click.testing import Result
from typer.testing import CliRunner

from console.main import build
from contracts.topics import ACCESS, PARTICULARS
from local_stack.stack import Stack
from local_stack.status import Status
from local_stack.tracks import Track
from plumbing.accesses.checking import read_block
from plumbing.subjects import holdings
from tests.chaos.campaign.personal import Search, personal_values
from tests.conftest import ROOT
from tests.flow.kit import all_consumed, following, good_samples, token, until
from tests.flow.test_stuck import hotich


async def run(*arguments: str) -> Result:
    """Run a command that asks no service."""
    runner = CliRunner(env={"COLUMNS": "250"})
    return await asyncio.to_thread(runner.invoke, build(), list(arguments))


async def verified(stack: Stack, service: str) -> dict[str, Any]:
    """Return what the command says of a service's log of accesses, all sealed and archived."""
    status = stack.status()
    told: dict[str, Any] = {}

    async def all_archived() -> bool:
        where = ("--stack", str(stack.place.state / "status.json"))
        archive = ("--archive", str(ROOT / status.archive))
        done = await run("access", "verify", service, "--format", "json", *where, *archive)
        assert done.exit_code == 0, done.output
        told.update(json.loads(done.stdout))
        return bool(told["unsealed"] == 0 and told["archived"] == told["blocks"])

    await until(all_archived, f"the accesses of {service} are sealed and archived")
    return told


async def published(status: Status, service: str) -> list[bytes]:
    """Return every record of the service's access topic."""
    return [one.value for one in await _records(status, ACCESS[service].name, 1)]


async def _records(status: Status, topic: str, partitions: int) -> list[Any]:
    consumer = AIOKafkaConsumer(**status.kafka_client(), enable_auto_commit=False)
    await consumer.start()
    try:
        places = [TopicPartition(topic, n) for n in range(partitions)]
        ends = await consumer.end_offsets(places)
        consumer.assign(places)
        await consumer.seek_to_beginning(*places)
        found: list[Any] = []
        while any([await consumer.position(place) < ends[place] for place in places]):
            for batch in (await consumer.getmany(timeout_ms=200)).values():
                found.extend(batch)
        return found
    finally:
        await consumer.stop()


async def test_every_read_of_a_dossier_is_written_down_sealed_published_and_told(stack: Stack):
    status = stack.status()
    async with following(status, good_samples(2)) as journey:
        await journey.send()
        await journey.arrive()
        track = journey.tracks[0]

    for service in ACCESS:
        told = await verified(stack, service)
        assert told["findings"] == []
        assert told["blocks"] > 0 or service == "intake"
        blocks = [read_block(value) for value in await published(status, service)]
        assert {one.block for one in blocks if one} == set(range(1, told["blocks"] + 1))
    listed = await hotich(stack, "access", "list", "--code", track.code, "--json")
    seen = {(one["service"], one["act"]) for one in map(json.loads, listed.stdout.splitlines())}
    assert seen >= {
        *((name, "opened_to_take_in") for name in ("routing", "registry-sync", "notifier")),
        *((name, "opened_to_decide") for name in ("registry-sync", "notifier")),
        *((name, "opened_to_send") for name in ("registry-sync", "notifier")),
    }


async def test_a_subject_is_answered_and_an_erasure_leaves_every_proof_valid(stack: Stack):
    status = stack.status()
    samples = good_samples(1)
    async with following(status, samples) as journey:
        await journey.send()
        await journey.arrive()
        (track,) = journey.tracks
    dossier_id, person = UUID(str(track.dossier_id)), samples[0].submission["applicant"]
    await until(lambda: all_consumed(status), "everything is settled")

    refused = await hotich(stack, "subject", track.code, "--open")
    closed = await hotich(stack, "subject", track.code)
    handed = await hotich(stack, "subject", track.code, "--open", "--reason", "đơn số 12")
    after = await hotich(stack, "subject", track.code, "--language", "en")

    assert "--reason" in str(refused.exception)
    assert person["full_name"] not in closed.output
    assert "dossier_particulars" in closed.output
    assert "đơn số 12" not in closed.output
    assert handed.exit_code == 0, handed.output
    assert handed.output.count(person["full_name"]) >= 3
    assert after.output.count("opened to answer the data subject · đơn số 12") == 4

    bearer = {"authorization": f"Bearer {await token(status, ROOT, 'operator')}"}
    url = f"{status.urls['intake']}/v1/dossiers/{dossier_id}/particulars"
    async with aiohttp.ClientSession(headers=bearer) as session, session.delete(url) as response:
        assert response.status == 204
    await until(lambda: _nothing_held(status, dossier_id), "nothing personal is held any more")
    gone = await hotich(stack, "subject", track.code, "--open", "--reason", "đơn số 13", "--json")
    told = json.loads(gone.stdout)

    assert all(data == {} for data in told["own"].values()), told["own"]
    assert told["dossier"]["erased_at"] is not None
    of_it = [
        record
        for record in await _records(status, PARTICULARS.name, PARTICULARS.partitions)
        if record.key == str(dossier_id).encode()
    ]
    assert of_it[-1].value is None
    await _nothing_in_clear(status, [sample.submission for sample in samples])
    for service in ACCESS:
        assert (await verified(stack, service))["findings"] == []
    proved = await run("audit", "verify", str(ROOT / status.archive))
    assert proved.exit_code == 0, proved.output


async def _nothing_held(status: Status, dossier_id: UUID) -> bool:
    for service in ACCESS:
        connection = await asyncpg.connect(status.databases[service])
        try:
            if await holdings.held(connection, service, [dossier_id]):
                return False
        finally:
            await connection.close()
    return True


async def _nothing_in_clear(status: Status, documents: list[Any]) -> None:
    """Look for every personal value in every table, log and archived record."""
    search = Search(personal_values(documents))
    for service, url in status.databases.items():
        connection = await asyncpg.connect(url)
        try:
            tables = await connection.fetch(
                "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            )
            for (table,) in tables:
                for row in await connection.fetch(f"SELECT t::text FROM {table} t"):
                    assert not search.finds(row[0]), (service, table)
                bodies = [
                    name
                    for name in ("body", "record", "request", "words", "key")
                    if await connection.fetchval(
                        "SELECT data_type = 'bytea' FROM information_schema.columns"
                        " WHERE table_schema = 'public' AND table_name = $1 AND column_name = $2",
                        *(table, name),
                    )
                ]
                for name in bodies:
                    for row in await connection.fetch(f"SELECT {name} FROM {table}"):
                        text = (row[0] or b"").decode(errors="replace")
                        assert not search.finds(text), (service, table, name)
        finally:
            await connection.close()
    for path in (ROOT / status.logs).glob("*.log"):
        for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
            assert not search.finds(line), path.name


async def test_what_is_due_is_told_first_and_erased_only_when_over(stack: Stack):
    status = stack.status()
    async with following(status, good_samples(2)) as journey:
        await journey.send()
        await journey.arrive()
        ended, open_ = journey.tracks
    await until(lambda: all_consumed(status), "everything is settled")
    async with _ended_long_ago(status, str(ended.dossier_id)):
        await _due_is_told_and_erased(stack, ended, open_)


async def _due_is_told_and_erased(stack: Stack, ended: Track, open_: Track) -> None:
    status = stack.status()
    told = await hotich(stack, "retention", "due", "--days", "90", "--json")
    assert told.exit_code == 0, told.output
    trial = await hotich(stack, "retention", "erase", "--days", "90", "--json")
    codes = [json.loads(line)["code"] for line in told.stdout.splitlines()]

    assert ended.code in codes
    assert open_.code not in codes
    assert trial.stdout == told.stdout
    assert not await _nothing_held(status, UUID(str(ended.dossier_id)))
    done = await hotich(stack, "retention", "erase", "--days", "90", "--yes")
    assert done.exit_code == 0, done.output
    await until(
        lambda: _nothing_held(status, UUID(str(ended.dossier_id))), "what was due is erased"
    )
    assert not await _nothing_held(status, UUID(str(open_.dossier_id)))
    hasty = await hotich(stack, "retention", "erase", "--days", "3", "--yes")
    assert hasty.exit_code == 2


_MEMORY = """
SELECT status, rest #>> '{trail,-1,at}' AS at FROM dossier_case WHERE dossier_id = $1::uuid
"""
_REMEMBER = """
UPDATE dossier_case SET status = $2, rest = jsonb_set(rest, '{trail,-1,at}', to_jsonb($3::text))
WHERE dossier_id = $1::uuid
"""


@asynccontextmanager
async def _ended_long_ago(status: Status, dossier_id: str) -> AsyncIterator[None]:
    """Have the one-stop remember for a while that the dossier was handed over two years ago."""
    connection = await asyncpg.connect(status.databases["routing"])
    long_ago = datetime(2024, 1, 2, tzinfo=UTC).isoformat()
    try:
        before: Any = await connection.fetchrow(_MEMORY, dossier_id)
        await connection.execute(_REMEMBER, dossier_id, "handed_over", long_ago)
        yield
        # What follows on this stack compares the one-stop with the log.
        await connection.execute(_REMEMBER, dossier_id, before["status"], before["at"])
    finally:
        await connection.close()
