"""The submissions as they stand, made once more after the intake's database came back older."""

from typing import Any
from uuid import UUID

import pytest

from contracts.topics import PARTICULARS
from intake.domain import dossier_id_of
from intake.keeping import Kept, load_kept
from intake.rebuild import plan
from plumbing.accesses.opening import opening
from plumbing.accesses.rows import by_service
from plumbing.rebuilding import scratch
from plumbing.rebuilding.comparing import compare
from plumbing.rebuilding.making import make
from plumbing.rebuilding.swapping import swap
from tests.integration.intake_kit import EVENTS, RING, Intake, a_paper, a_supplement, an_intake
from tests.integration.rebuild_kit import World
from tests.unit.intake_kit import NATIONAL, NOW, a_birth

REFERENCES = ("DVCQG-1", "DVCQG-2", "DVCQG-3")
ADDED_TO, LOST, ERASED = (dossier_id_of("national-portal", one) for one in REFERENCES)
PLAN, NAME = plan(RING), "scratch"
#: What a backup from before the supplement, before the second dossier and before the erasure has.
_BACK = """
DELETE FROM dossier_particulars;
INSERT INTO dossier_particulars SELECT * FROM backup;
INSERT INTO outbox (shard, topic, key, body, event_id)
SELECT (SELECT sum(get_byte(key, n)) % 16 FROM generate_series(0, length(key) - 1) n),
    topic, key, body, event_id FROM sent;
UPDATE dossier SET erased_at = NULL, erased_by = NULL WHERE erased_at IS NOT NULL;
DELETE FROM supplement;
DROP TABLE backup, sent;
"""
#: Its event never left, and the backup is from before it was said.
_UNSAID = """
DELETE FROM outbox_sent WHERE convert_from(body, 'UTF8') LIKE '%.resubmitted.v1%';
UPDATE stream SET sequence = 1 WHERE sequence = 2;
"""


async def kept(intake: Intake) -> dict[UUID, Kept]:
    by = by_service("intake", "opened_to_merge")
    async with (
        intake.pool.acquire() as conn,
        conn.transaction(),
        opening(conn, RING, by) as access,
    ):
        return await load_kept(conn, access, [ADDED_TO, LOST, ERASED])


async def supplement(intake: Intake, key: str, document: Any) -> Any:
    return await intake.follow_ups.supplement(NATIONAL, "DVCQG-1", key, document)


@pytest.fixture
async def lost(database: str) -> tuple[World, dict[UUID, Kept]]:
    """Give the log of an intake whose database came back older, and what it had kept."""
    async with an_intake(database) as intake:
        world = World("intake", intake.pool, RING, {})
        for reference in ("DVCQG-1", "DVCQG-3"):
            await intake.counter.hand_in(NATIONAL, reference, a_birth(portal_reference=reference))
        await world.relay(NOW)
        await intake.pool.execute("CREATE TABLE backup AS SELECT * FROM dossier_particulars")
        await intake.pool.execute(
            f"CREATE TABLE sent AS SELECT * FROM outbox_sent WHERE topic = '{PARTICULARS.name}'"
        )
        await intake.counter.hand_in(NATIONAL, "k2", a_birth(portal_reference="DVCQG-2"))
        await supplement(intake, "k4", a_supplement())
        assert await intake.erased(ERASED)
        await world.relay(NOW)
        before = await kept(intake)
        await intake.pool.execute(_BACK)
    return world, before


async def rebuilt(database: str, world: World, *, particulars: bool = True) -> None:
    records = [*world.log(), *(world.records[PARTICULARS.name] if particulars else ())]
    ring = RING if particulars else None
    await make(database, PLAN, records, keys=ring, name=NAME, has_particulars=particulars)
    connection = await scratch.connect(database)
    try:
        await swap(connection, PLAN, NAME, yes=True)
    finally:
        await connection.close()


async def test_they_are_made_from_the_log_and_added_to(database: str, lost: Any):
    world, before = lost
    await rebuilt(database, world)

    async with an_intake(database) as intake:
        assert await kept(intake) == before
        assert before.keys() == {ADDED_TO, LOST}
        assert before[ADDED_TO].version == 2
        # What was restored and older would be published after what is newer, or erased.
        assert await intake.particulars_bodies() == []
        again = await supplement(intake, "another key", a_supplement())
        assert (again.how, again.receipt.about) == ("known", "supplement")
        more = a_supplement(attachments=[a_paper("another_proof")])
        assert (await supplement(intake, "k5", more)).how == "taken"
        papers = [one.kind for one in (await kept(intake))[ADDED_TO].submission.attachments]
        assert papers[-2:] == ["kinship_proof", "another_proof"]


async def test_data_whose_event_was_lost_do_not_hide_those_that_follow(database: str, lost: Any):
    """Readers keep the newest version they know: a second one of that number they would drop."""
    world, _ = lost
    async with an_intake(database) as intake:
        await intake.pool.execute(_UNSAID)
    for records in world.records.values():
        records[:] = [one for one in records if b".resubmitted.v1" not in (one.value or b"")]
    await rebuilt(database, world)

    async with an_intake(database) as intake:
        assert (await kept(intake))[ADDED_TO].version == 2
        more = a_supplement(attachments=[a_paper("another_proof")])
        assert (await supplement(intake, "k5", more)).how == "taken"
        ((_, event),) = await intake.outbox(EVENTS)
        assert (event["data"]["round"], event["data"]["particulars"]["version"]) == (2, 3)
        ((data, _),) = await intake.particulars()
        assert [one.kind for one in data.attachments][-2:] == ["kinship_proof", "another_proof"]
        assert (await kept(intake))[ADDED_TO].version == 3
        again = await supplement(intake, "k6", more)
        assert (again.how, again.receipt) == (
            "known",
            (await supplement(intake, "k5", more)).receipt,
        )


async def test_made_without_personal_data_the_live_ones_stay(database: str, lost: Any):
    world, _ = lost

    await rebuilt(database, world, particulars=False)

    async with an_intake(database) as intake:
        found = await kept(intake)
        assert {i: one.version for i, one in found.items()} == {ADDED_TO: 1, ERASED: 1}


async def test_they_are_compared_as_all_the_log_tells(database: str, lost: Any):
    world, _ = lost
    records = [*world.log(), *world.records[PARTICULARS.name]]
    await make(database, PLAN, records, keys=RING, name=NAME, has_particulars=True)
    connection = await scratch.connect(database)
    try:
        found = await compare(connection, PLAN, NAME)
    finally:
        await connection.close()

    told = {(one.kind, one.key) for one in found.shown if one.table == "dossier_particulars"}
    assert told == {
        ("differs", (str(ADDED_TO),)),
        ("missing_here", (str(LOST),)),
        ("missing_there", (str(ERASED),)),
    }
