"""Who opens what is written down with it, however the work ends."""

from typing import Any

import pytest

from contracts.decision import Effect
from contracts.topics import PARTICULARS
from tests.integration.core_kit import NOW, Bench, Dossier, a_record, open_bench
from tests.integration.core_outside import TELL, an_executor, claim
from tests.integration.notifier_bench import particulars_record, some_data
from tests.integration.stuck_kit import BUGGY, ONE, a_desk, a_letter_and_its_followers

ROWS = "SELECT actor, act, purpose, dossier_id FROM access ORDER BY id"
MACHINE = "service:notifier"


async def test_given_personal_data_when_taken_in_then_each_dossier_has_a_row_and_a_tombstone_none(
    database: str,
) -> None:
    async with open_bench(database) as bench:
        one, other = Dossier(), Dossier()
        records = [particulars_record(dossier, some_data(), 1) for dossier in (one, other)]
        tombstone = a_record(PARTICULARS.name, None, str(one.id).encode())

        for record in (*records, tombstone):
            await settle(bench, record)

        assert await bench.fetch(ROWS) == [
            (MACHINE, "opened_to_take_in", "", one.id),
            (MACHINE, "opened_to_take_in", "", other.id),
        ]


async def settle(bench: Bench, record: Any) -> None:
    """Settle one record in a transaction of its own."""
    async with bench.pool.acquire() as conn, conn.transaction():
        await bench.inlets[record.topic](conn, [record], NOW)


async def test_given_a_process_that_dies_after_its_claim_then_what_it_opened_is_written(
    database: str,
) -> None:
    async with open_bench(database) as bench:
        dossier = Dossier()
        await bench.bring(dossier, TELL)

        await claim(bench.pool)

        assert await bench.fetch(ROWS) == [(MACHINE, "opened_to_send", TELL.kind, dossier.id)]


async def test_given_several_calls_claimed_at_once_then_each_says_what_for(database: str) -> None:
    async with open_bench(database) as bench:
        dossier = Dossier()
        kinds = ["toy:one", "toy:two"]
        await bench.bring(dossier, *(Effect(kind, kind, b"x") for kind in kinds))
        await an_executor(bench, None)._claim(10)

        rows = await bench.fetch(ROWS)
        assert sorted(purpose for _, _, purpose, _ in rows) == kinds
        assert {act for _, act, _, _ in rows} == {"opened_to_send"}


@pytest.mark.parametrize("dry_run", [True, False])
async def test_given_a_letter_that_is_only_tried_then_who_had_it_opened_stays_written(
    dry_run: bool, database: str
) -> None:
    async with a_desk(database) as desk:
        dossier, letter = await a_letter_and_its_followers(desk)
        BUGGY.clear()

        proposal = await desk.propose("redrive", letter, dry_run=dry_run)

        assert [one.possible for one in proposal.items] == [True]
        rows = await desk.bench.fetch(f"{ROWS} LIMIT 1")
        assert rows == [(ONE, "opened_letter", "redrive", dossier.id)]
        assert await desk.bench.trail(dossier) == ("routing:1",)
