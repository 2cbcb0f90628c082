"""Kills, zombies, duplicates, reordering and lost commits at once; then everything is counted."""

import os
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from contracts.envelope import Cause
from contracts.topics import SUBMISSIONS
from plumbing import inlets, offsets
from plumbing import relay as relay_module
from plumbing.applying import Item
from plumbing.sequencing import Cursor, Sorted
from tests.integration.core_broker import Broker
from tests.integration.core_kit import open_bench
from tests.integration.core_stress import LEDGER, Chaos, a_world, faults, ledger


def seeds(text: str) -> list[int]:
    """Return the seeds of `1-3` or `7,12,100-199`."""
    ends = [part.partition("-") for part in text.split(",")]
    return [n for first, _, last in ends for n in range(int(first), int(last or first) + 1)]


SEEDS = seeds(os.environ.get("STRESS_SEEDS", "1-3"))


async def stress(database: str, seed: int) -> tuple[list[str], Counter[str]]:
    world = a_world(seed)
    troubles = iter(range(1, 1_000_000))

    def says(_: Any) -> str:
        n = next(troubles)
        return "unacknowledged" if n % 211 == 0 else "lost" if n % 307 == 0 else "taken"

    async with open_bench(database) as bench:
        await bench.pool.execute(LEDGER)
        bench.inlets[SUBMISSIONS.name] = ledger
        chaos = Chaos(bench, world, Broker(says=says))
        await chaos.run()
        records = sum(len(rows) for rows in world.log.records.values()) - 300
        chaos.counts.update(true=len(world.true_ids), records=records)
        chaos.counts["published"] = len(chaos.broker.records)
        return await faults(bench, world, chaos.broker), chaos.counts


@pytest.fixture(autouse=True)
def quick_takeover(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(relay_module, "SHARE_SECONDS", 0.1)


@pytest.mark.parametrize("seed", SEEDS)
async def test_given_every_trouble_at_once_when_all_is_settled_then_everything_happened_once(
    database, seed
):
    found, counts = await stress(database, seed)

    print(f"\nseed {seed}: {dict(counts)}")
    assert found == []
    assert counts["sessions ended"] + counts["owners cancelled"] > 5
    assert counts["NotOwner"] > 5


def unsorted(arrived: Any, cursors: dict[Any, Cursor], _: Any) -> Sorted:
    """Take every record as the next one, as a consumer without a sequence check does."""
    result = Sorted(cursors=cursors)
    for record in arrived:
        cursors[record.key] = Cursor(record.event.sequence, record.event.id, record.hash)
        cause = Cause(str(record.event.id), record.hash)
        result.items.append(Item(record.event.dossierid, record.event, cause))
    return result


async def moved_by_anyone(conn: Any, group: str, topic: str, steps: Any) -> None:
    """Move the offsets whatever they were, as a consumer without compare-and-set does."""
    sql = "UPDATE consumer_offset SET next_offset = $4 WHERE part = $1 AND topic = $2 AND grp = $3"
    for step in steps:
        await conn.execute(sql, step.partition, topic, group, step.following)


BROKEN: dict[str, tuple[Any, str, Callable[..., Any], str]] = {
    "no sequence check": (inlets, "sort", unsorted, "true ones"),
    "no compare-and-set": (offsets, "advance", moved_by_anyone, "unsequenced records"),
}


@pytest.mark.parametrize("without", BROKEN)
async def test_given_a_clause_left_out_when_all_is_settled_then_the_checker_notices(
    database, monkeypatch, without
):
    module, name, broken, noticed = BROKEN[without]
    monkeypatch.setattr(module, name, broken)

    found, _ = await stress(database, 1)

    assert [fault for fault in found if noticed in fault]
