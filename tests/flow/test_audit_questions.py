"""The archive of a stack, asked offline, says what the live services and the board say."""

import asyncio
import json
from collections import Counter
from pathlib import Path
from typing import Any

import asyncpg
import pytest
import typer
from aiokafka import AIOKafkaConsumer, TopicPartition
from typer.testing import CliRunner

from audit import question_commands
from audit.archive import listing
from audit.questions.saying import iso
from contracts.topics import LIFECYCLE
from local_stack.stack import Stack
from local_stack.status import Status
from sandbox.samples import Sample, load
from tests.flow.kit import all_consumed, following, until

Row = tuple[Any, ...]


def _document(root: Path, command: str, *more: str) -> dict[str, Any]:
    app = typer.Typer()
    question_commands.add_to(app)
    arguments = [command, str(root), *more, "--format", "json"]
    found = CliRunner().invoke(app, arguments)
    assert found.exit_code == 0, found.output
    return json.loads(found.stdout)


async def _ends(status: Status) -> dict[tuple[str, int], int]:
    consumer = AIOKafkaConsumer(**status.kafka_client(), enable_auto_commit=False)
    await consumer.start()
    try:
        places = [
            TopicPartition(topic.name, number)
            for topic in LIFECYCLE.values()
            for number in range(topic.partitions)
        ]
        ends = await consumer.end_offsets(places)
        return {(tp.topic, tp.partition): end for tp, end in ends.items()}
    finally:
        await consumer.stop()


async def _caught_up(status: Status, root: Path) -> None:
    """Wait until services and archive have everything that is on the log, and it stays so."""

    async def all_there() -> bool:
        ends = await _ends(status)
        kept = {place: found[-1].last + 1 for place, found in listing(root).by_place().items()}
        reached = all(kept.get(place, 0) == end for place, end in ends.items())
        return reached and await all_consumed(status) and ends == await _ends(status)

    await until(all_there, "services and archive have the whole log")


async def _rows(status: Status, query: str) -> list[Row]:
    connection = await asyncpg.connect(status.databases["routing"])
    try:
        return [tuple(row) for row in await connection.fetch(query)]
    finally:
        await connection.close()


@pytest.mark.timeout(300)
async def test_what_travelled_is_told_by_the_archive_as_by_the_live_one_stop(stack: Stack):
    status = stack.status()
    samples = [sample for sample in load()[::3] if not _is_the_same_when_sent_again(sample)]
    async with following(status, samples) as journey:
        await journey.send()
        await journey.arrive()
    root = Path.cwd() / status.archive
    await _caught_up(status, root)

    await _state_is_the_one_stops(status, root)
    await _statistics_are_the_boards(status, root)
    found = await asyncio.to_thread(_document, root, "completeness")
    assert found["findings"] == []
    assert found["counts"]["submitted"] >= len(samples)


def _is_the_same_when_sent_again(sample: Sample) -> bool:
    """Return whether whoever sends it later on this stack waits for an officer: the same death.

    Identity numbers are others each time, and by these people are told apart; not all have one.
    """
    form = sample.submission["form"]
    return form["kind"] == "death" and "personal_number" not in form["deceased"]


async def _state_is_the_one_stops(status: Status, root: Path) -> None:
    live = await _rows(
        status,
        "SELECT code, status, unit_code, procedure_code, road, submitted_at,"
        " CASE status WHEN 'received' THEN reception_due_at WHEN 'accepted' THEN due_at"
        " WHEN 'supplement' THEN supplement_due_at END FROM dossier_case"
        " WHERE submitted_at IS NOT NULL ORDER BY code",
    )
    found = (await asyncio.to_thread(_document, root, "state"))["dossiers"]
    columns = ("code", "status", "unit_code", "procedure_code", "road")

    assert [tuple(one[name] for name in columns) for one in found] == [row[:5] for row in live]
    moments = [(one["submitted_at"], one["due_at"]) for one in found]
    assert moments == [(iso(row[5]), iso(row[6])) for row in live]


async def _statistics_are_the_boards(status: Status, root: Path) -> None:
    async def all_counted() -> bool:
        return (await _rows(status, "SELECT count(*) FROM board_fact"))[0][0] == 0

    await until(all_counted, "the board has counted every fact")
    counters = await _rows(
        status, "SELECT province_code, what, reason, count, late, late_minutes FROM board_day"
    )
    found = (await asyncio.to_thread(_document, root, "statistics", "--by", "province"))["parts"]

    assert set(found) == {row[0] for row in counters}
    for province, figures in found.items():
        of_board: Counter[tuple[str, str]] = Counter()
        for _, what, reason, count, late, minutes in (r for r in counters if r[0] == province):
            if what in ("reception", "appointment"):
                of_board[what, "on_time"] += count - late
                of_board[what, "late"] += late
                of_board[what, "late_minutes"] += minutes
            else:
                of_board[what, reason] += count
        assert _counted(figures) == +of_board


def _counted(figures: dict[str, Any]) -> Counter[tuple[str, str]]:
    """Return the figures of a province as the board has them."""
    counted: Counter[tuple[str, str]] = Counter()
    for what, total in figures["totals"].items():
        reasons = figures["reasons"].get(what)
        if what not in ("told", "not_told"):
            counted.update({(what, why): n for why, n in (reasons or {"": total}).items()})
    returned = figures["reasons"].get("return_reason", {})
    counted.update({("return_reason", why): n for why, n in returned.items()})
    for what in ("reception", "appointment"):
        counted.update({(what, name): n for name, n in figures[what].items()})
    return +counted
