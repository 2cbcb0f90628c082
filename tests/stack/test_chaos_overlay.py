"""The campaign's overlay: it kills at its place, moves a clock, and breaks what it says."""

import asyncio
import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from contracts.envelope import decode
from contracts.topics import LIFECYCLE
from local_stack.stack import Stack
from tests.chaos.campaign import overlay
from tests.flow.kit import following, good_samples, until, whole_log

ROOT = Path(__file__).parents[2]


@dataclass
class Left:
    """What a child left behind: how it ended, what reached the outside, what the database has."""

    code: int
    notes: list[dict[str, Any]]
    offset: int
    outbox: int
    sent: int
    effects: list[tuple[str, bool]]


class Child:
    """Runs one thing of the core in a process of its own."""

    def __init__(self, folder: Path, database: str) -> None:
        self.folder, self._database = folder, database

    async def does(self, what: str, broken: str = "") -> Left:
        """Return what is left when the process has ended."""
        told = os.environ | overlay.environment(self.folder, broken)
        told["PYTHONPATH"] += f"{os.pathsep}{ROOT}"
        notes = self.folder / "notes"
        command = ["-m", "tests.stack.overlay_child", what, self._database, str(notes)]
        process = await asyncio.create_subprocess_exec(sys.executable, *command, env=told)
        code = await asyncio.wait_for(process.wait(), 60)
        lines = notes.read_text().splitlines() if notes.exists() else []
        return await self._left(code, [json.loads(line) for line in lines])

    async def _left(self, code: int, notes: list[dict[str, Any]]) -> Left:
        connection = await asyncpg.connect(self._database)
        try:
            offset = await connection.fetchval("SELECT max(next_offset) FROM consumer_offset")
            outbox = await connection.fetchval("SELECT count(*) FROM outbox")
            sent = await connection.fetchval("SELECT count(*) FROM outbox_sent")
            rows = await connection.fetch("SELECT state, in_doubt FROM effect")
        finally:
            await connection.close()
        return Left(code, notes, offset or 0, outbox, sent, [tuple(row) for row in rows])


@pytest.fixture
def child(tmp_path: Path, database: str) -> Child:
    return Child(tmp_path, database)


async def test_given_no_order_for_this_process_and_this_point_then_all_is_done_and_it_lives(child):
    overlay.arm(child.folder, "notifier", "after_call")
    overlay.arm(child.folder, "notifier-1", "after_db_commit")

    left = await child.does("settle")

    assert (left.code, left.offset, left.outbox) == (0, 4, 4)
    assert overlay.is_armed(child.folder, "notifier")


@pytest.mark.parametrize(
    ("point", "offset", "outbox"), [("before_db_commit", 0, 0), ("after_db_commit", 4, 4)]
)
async def test_a_batch_is_killed_on_either_side_of_its_commit(
    child: Child, point: str, offset: int, outbox: int
):
    overlay.arm(child.folder, "notifier", point)

    left = await child.does("settle")

    assert (left.code, left.offset, left.outbox) == (-signal.SIGKILL, offset, outbox)
    assert not overlay.is_armed(child.folder, "notifier")


async def test_after_publish_kafka_has_the_records_and_the_outbox_still_does(child: Child):
    overlay.arm(child.folder, "notifier", "after_publish")

    left = await child.does("relay")

    assert (left.code, len(left.notes)) == (-signal.SIGKILL, 4)
    assert (left.outbox, left.sent) == (4, 0)


@pytest.mark.parametrize(("point", "calls"), [("before_call", 0), ("after_call", 1)])
async def test_a_claimed_call_is_killed_before_or_after_it_was_made(
    child: Child, point: str, calls: int
):
    overlay.arm(child.folder, "notifier", point)

    left = await child.does("call")

    assert (left.code, len(left.notes)) == (-signal.SIGKILL, calls)
    assert left.effects == [("IN_FLIGHT", False)]


async def test_acknowledging_first_loses_the_batch_that_was_under_way(child: Child):
    overlay.arm(child.folder, "notifier", "before_db_commit")

    left = await child.does("settle", "ack_first")

    assert (left.code, left.offset, left.outbox) == (-signal.SIGKILL, 4, 0)


@pytest.mark.parametrize(
    ("broken", "trail", "behind_a_gap"),
    [
        ("", ["routing:1", "routing:2"], []),
        (
            "no_sequence_check",
            ["routing:1", "routing:2", "routing:1", "routing:2"],
            ["routing:2"],
        ),
    ],
)
async def test_without_the_sequence_check_copies_and_what_is_behind_a_gap_are_applied(
    child: Child, broken: str, trail: list[str], behind_a_gap: list[str]
):
    left = await child.does("copies", broken)

    assert left.code == 0
    assert left.notes == [{"trail": trail, "behind_a_gap": behind_a_gap}]


@pytest.mark.parametrize(
    ("broken", "keys", "doubts"),
    [("", 1, [False, True]), ("no_idempotency_key", 2, [False, False])],
)
async def test_without_the_idempotency_key_a_second_attempt_looks_like_a_first_one(
    child: Child, broken: str, keys: int, doubts: list[bool]
):
    left = await child.does("call", broken)

    assert (left.code, len({note["key"] for note in left.notes})) == (0, keys)
    assert [note["in_doubt"] for note in left.notes] == doubts


def run(*arguments: str, **told: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, *arguments],
        env=os.environ | told,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_a_process_that_is_no_service_is_left_as_it_is(tmp_path: Path):
    looked = run(
        "-c", "import sys; print(*sys.modules)", **overlay.environment(tmp_path, "ack_first")
    )

    assert "sitecustomize" in looked.stdout.split()
    assert not {"overlay_points", "plumbing"} & set(looked.stdout.split())


def test_a_service_that_cannot_be_changed_as_wanted_does_not_start(tmp_path: Path):
    told = overlay.environment(tmp_path) | {"BROKEN_BUILD": "odd"}

    refused = run("-m", "notifier", **told)

    assert (refused.returncode, "KeyError: 'odd'" in refused.stderr) == (70, True)


@pytest.mark.parametrize(
    ("gone", "broken"),
    [
        ("plumbing.relay.send", ""),
        ("plumbing.settling.Settler.settle", ""),
        ("plumbing.running.clock_ahead", ""),
        ("plumbing.inlets.sort", "no_sequence_check"),
    ],
)
def test_what_the_overlay_changes_and_does_not_find_is_told(tmp_path: Path, gone: str, broken: str):
    script = (
        "import plumbing.inlets, plumbing.relay, plumbing.running, plumbing.settling\n"
        f"del {gone}\n"
        "import overlay_points\n"
        f"overlay_points.install('.', 'notifier-0', {broken!r})\n"
    )

    told = run("-c", script, **overlay.environment(tmp_path))

    assert told.returncode == 1
    assert "overlay_points.Gone: " in told.stderr
    assert told.stderr.endswith(f" has no {gone.rpartition('.')[2]}\n")


def test_an_unknown_point_or_build_is_refused(tmp_path: Path):
    with pytest.raises(ValueError, match="before_db_commit"):
        overlay.arm(tmp_path, "routing", "sometime")
    with pytest.raises(ValueError, match="ack_first"):
        overlay.environment(tmp_path, "odd")


@pytest.fixture
def overlaid(tmp_path: Path) -> Iterator[Stack]:
    with pytest.MonkeyPatch.context() as environment:
        for name, value in overlay.environment(tmp_path).items():
            environment.setenv(name, value)
        environment.setenv("REPLICAS", "registry-sync:2")
        with Stack(ROOT, name="test-overlay", fresh=True) as started:
            yield started


async def test_in_a_stack_services_die_at_their_points_a_clock_moves_and_the_promise_holds(
    overlaid: Stack, tmp_path: Path
):
    wanted = {
        "intake": "after_publish",
        "routing": "after_db_commit",
        "notifier": "after_call",
    }
    before = overlaid.status().pids
    for process, point in wanted.items():
        overlay.arm(tmp_path, process, point)
    for process in ("registry-sync", "registry-sync-1"):
        overlay.skew(tmp_path, process, 3 * 3600)
    begun_at = datetime.now(UTC)

    async with following(overlaid.status(), good_samples(6)) as journey:
        await journey.send()
        await journey.arrive()
        breaches = journey.breaches()

    async def died() -> bool:
        now = overlaid.status().pids
        return all(now.get(process, before[process]) != before[process] for process in wanted)

    await until(died, "each was killed at its point")
    assert not any(overlay.is_armed(tmp_path, process) for process in wanted)
    assert breaches == []
    log = await whole_log(overlaid.status())
    told = {service: said_at(log, service) for service in ("routing", "registry-sync")}
    assert max(told["routing"]) < datetime.now(UTC) + timedelta(hours=1)
    assert min(told["registry-sync"]) > begun_at + timedelta(hours=2)


def said_at(log: dict[str, list[Any]], service: str) -> list[datetime]:
    return [decode(record.value).time for record in log[LIFECYCLE[service].name]]
