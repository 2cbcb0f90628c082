"""The one-stop's database made once more from its log: compared, damaged, and put in its place."""

import hashlib
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import timedelta
from uuid import UUID, uuid4

import asyncpg
import pytest

from contracts.decision import Refused
from contracts.envelope import Cause
from contracts.events import PersonalIdAssigned, Registered, RegisterReturned
from contracts.topics import LIFECYCLE, PARTICULARS
from plumbing.applying import Item, apply, lock
from plumbing.rebuilding import scratch
from plumbing.rebuilding.checking import NotSwapped
from plumbing.rebuilding.comparing import Compared, compare
from plumbing.rebuilding.making import Made, make
from plumbing.rebuilding.swapping import Swapped, swap
from plumbing.rebuilding.tables import missing, undeclared
from routing.domain import Accept, GiveBack, HandOver, Stop, Withdraw
from routing.rebuild import plan
from tests.integration.rebuild_kit import World, shown
from tests.integration.routing_kit import NOW, RING, UNIT, OneStop, a_one_stop
from tests.unit.builders import a_submission, some_particulars
from tests.unit.routing_kit import more_papers

OFFICER = "officer-1"
PLAN = plan(RING)
NAME = "scratch"


@dataclass
class Lives:
    """Dossiers at the one-stop, from the portal to the hand-over, and their log."""

    database: str
    one: OneStop
    world: World
    ids: list[UUID] = field(default_factory=list)

    def code(self, number: int) -> str:
        """Return the code of a dossier."""
        return f"H29.26737-261124-{number + 1:04d}"

    async def submit(self, count: int) -> None:
        """Let so many dossiers come, with their personal data."""
        begin = len(self.ids)
        for number in range(begin, begin + count):
            self.ids.append(uuid4())
            at = self.tick()
            data = a_submission(
                unit_code=UNIT, residence_unit_code=UNIT, submitted_at=at - timedelta(hours=1)
            )
            event = self.world.say(self.ids[number], self.code(number), data, at)
            await self.world.hear([event], self.tick())
            sealed = self.world.seal(self.ids[number], some_particulars(), 1, at)
            await self.world.hear([sealed], self.tick())
        await self.relay()

    def tick(self) -> object:
        """Return the next moment."""
        self.one.now += timedelta(seconds=1)
        return self.one.now

    async def act(self, number: int, command: object) -> None:
        """Let an officer act, as the desk does."""
        digest = hashlib.sha256(repr(command).encode()).hexdigest()
        cause = Cause(f"command:{uuid4()}", digest)
        dossier_id = self.ids[number]
        async with self.one.pool.acquire() as conn, conn.transaction():
            heads = await lock(conn, {dossier_id: self.code(number)})
            item = Item(dossier_id, command, cause)
            (decision,) = await apply(conn, self.one.part, RING, heads, [item], self.tick())
        assert not isinstance(decision, Refused), decision

    async def register(self, number: int, *said: object) -> None:
        """Let the register's words come."""
        for data in said:
            event = self.world.say(self.ids[number], self.code(number), data, self.tick())
            await self.world.hear([event], self.tick())

    async def relay(self) -> None:
        """Let all events go out."""
        await self.world.relay(self.tick())

    async def make(self, *, particulars: bool = True, log_alone: bool = False) -> Made:
        """Make the rebuild."""
        return await make(
            self.database,
            PLAN,
            self.world.log(particulars=particulars),
            keys=RING,
            name=NAME,
            has_particulars=particulars,
            log_alone=log_alone,
            shares=4,
        )

    async def compare(self) -> Compared:
        """Compare the rebuild with what is live."""
        connection = await scratch.connect(self.database)
        try:
            return await compare(connection, PLAN, NAME)
        finally:
            await connection.close()

    async def swap(self, *, yes: bool = True, ends: dict | None = None) -> Swapped:
        """Put the rebuild in its place."""
        connection = await scratch.connect(self.database)
        try:
            return await swap(connection, PLAN, NAME, yes=yes, ends=ends)
        finally:
            await connection.close()

    async def close(self) -> None:
        """Stop the service."""
        await self.one.pool.close()


def entered(unit_code: str = UNIT) -> Registered:
    """Return the register's yes."""
    return Registered(
        unit_code=unit_code,
        number="12",
        book="01/2026",
        registered_on=NOW.date(),
        personal_id_assigned=False,
    )


@pytest.fixture
async def lives(database: str) -> AsyncIterator[Lives]:
    """Dossiers in every state, all events out."""
    async with a_one_stop(database) as one:
        inlets = {
            LIFECYCLE["intake"].name: one.lifecycle,
            LIFECYCLE["registry-sync"].name: one.lifecycle,
            PARTICULARS.name: one.particulars,
        }
        made = Lives(database, one, World("routing", one.pool, RING, inlets))
        await made.submit(12)
        for number in range(1, 10):
            if number != 3:
                await made.act(number, Accept(OFFICER))
        await made.act(
            3, GiveBack(OFFICER, "supplement", ("missing_paper",), ("birth_notification",))
        )
        await made.act(2, Stop(OFFICER, "legal_obstacle"))
        returned = RegisterReturned(kind="supplement", reasons=("register_needs_supplement",))
        await made.register(4, returned)
        for number in (5, 6, 7):
            await made.register(number, entered(), PersonalIdAssigned())
        await made.act(6, HandOver(OFFICER, "in_person"))
        await made.act(10, Withdraw(OFFICER))
        again = more_papers("2026-11-24 10:00", "birth_notification", came_at=one.now)
        event = made.world.say(made.ids[3], made.code(3), again, made.tick())
        await made.world.hear([event], made.tick())
        erased = made.world.seal(made.ids[11], None, 0, made.tick())
        await made.world.hear([erased], made.tick())
        await made.relay()
        yield made


async def test_every_table_and_column_of_the_schema_says_where_it_comes_from(lives: Lives):
    connection = await scratch.connect(lives.database)
    try:
        schema = await scratch.schema_of(connection, scratch.LIVE)
    finally:
        await connection.close()

    assert undeclared(PLAN.tables, schema) == []
    assert missing(PLAN.tables, schema) == []


async def test_what_the_log_tells_is_what_is_live(lives: Lives):
    made = await lives.make()

    compared = await lives.compare()

    assert shown(compared) == []
    assert compared.offsets == []
    assert made.otherwise == {}
    assert made.dossiers == 12
    assert made.proved > 20
    assert (made.unheard, made.strange) == (0, 0)
    assert compared.rows["dossier_case"] == 12


async def test_damage_is_named_by_table_row_and_column(lives: Lives):
    await lives.make()
    one, other, third, fourth = lives.ids[:4]
    await lives.one.pool.execute("DELETE FROM dossier_case WHERE dossier_id = $1", one)
    await lives.one.pool.execute(
        "UPDATE dossier_case SET status = 'received', due_at = NULL WHERE dossier_id = $1", other
    )
    await lives.one.pool.execute(
        "UPDATE dossier_case SET rest = jsonb_set(rest, '{rounds}', '7') WHERE dossier_id = $1",
        third,
    )
    await lives.one.pool.execute("DELETE FROM case_particulars WHERE dossier_id = $1", fourth)
    await lives.one.pool.execute(
        "INSERT INTO dossier_case (dossier_id, code, status, unit_code, procedure_code, papers)"
        " VALUES ($1, 'H29.26737-261124-9999', 'received', '', '', '{}')",
        uuid4(),
    )

    compared = await lives.compare()

    assert sorted(shown(compared)) == [
        ("case_particulars", "missing_here", "damage", ()),
        ("dossier_case", "differs", "damage", ("rounds",)),
        ("dossier_case", "differs", "damage", ("status", "due_at")),
        ("dossier_case", "missing_here", "damage", ()),
        ("dossier_case", "missing_there", "damage", ()),
    ]
    assert {found.key[0] for found in compared.shown} > {str(one), str(other), str(third)}


async def test_what_came_after_the_logs_end_is_told_apart_from_damage(lives: Lives):
    await lives.make()
    await lives.submit(1)
    await lives.act(0, Accept(OFFICER))
    await lives.one.pool.execute(
        "UPDATE dossier_case SET status = 'closed' WHERE dossier_id = $1", lives.ids[5]
    )

    compared = await lives.compare()

    damage = [found for found in compared.shown if found.found == "damage"]
    assert [(found.table, found.key[0]) for found in damage] == [
        ("dossier_case", str(lives.ids[5]))
    ]
    later = {found.key[0] for found in compared.shown if found.found == "later"}
    assert later == {str(lives.ids[0]), str(lives.ids[12])}


async def test_without_personal_data_all_else_is_still_the_same(lives: Lives):
    made = await lives.make(particulars=False)

    compared = await lives.compare()

    assert not made.has_particulars
    assert shown(compared) == []


async def test_a_wrecked_database_is_whole_again_after_the_swap_and_nothing_is_sent_twice(
    lives: Lives,
):
    await lives.act(0, Accept(OFFICER))
    unsent = await lives.world.rows("outbox")
    before = await lives.world.rows("dossier_case")
    await lives.one.pool.execute("DELETE FROM dossier_case WHERE status = 'accepted'")
    await lives.one.pool.execute("DELETE FROM stream WHERE sequence > 2")
    await lives.one.pool.execute("UPDATE inbound_cursor SET last_seq = 0, last_hash = ''")
    await lives.make()
    await lives.close()

    tried = await lives.swap(yes=False)
    swapped = await lives.swap()

    assert (tried.done, swapped.done) == (False, True)
    assert (swapped.kept_as, swapped.unsent) == ("public_before_1", 1)
    async with a_one_stop(lives.database) as one:
        lives.one = one
        lives.world.pool = one.pool
        lives.world.inlets |= {
            topic: one.particulars if topic == PARTICULARS.name else one.lifecycle
            for topic in lives.world.inlets
        }
        assert await lives.world.rows("outbox") == unsent
        kept = '"counted"', '"counted_in"'
        assert [bare(row) for row in await lives.world.rows("dossier_case")] == [
            bare(row) for row in before
        ], kept
        # Everything on the log comes once more: nothing follows from it.
        for records in list(lives.world.records.values()):
            if records[0].topic in lives.world.inlets:
                await lives.world.hear(records, lives.tick())
        assert await lives.world.rows("outbox") == unsent
        # And the service goes on where it stood.
        await lives.register(0, entered())
        await lives.act(0, HandOver(OFFICER, "in_person"))
        await lives.relay()
        assert shown_after(await lives.world.rows("outbox")) == 0
        await lives.make()
        assert shown(await lives.compare()) == []


def bare(row: str) -> str:
    """Return a row without what the board counts anew."""

    document = json.loads(row)
    document.pop("counted")
    document.pop("counted_in")
    return json.dumps(document, sort_keys=True)


def shown_after(rows: list[str]) -> int:
    """Return how many rows there are."""
    return len(rows)


async def test_no_swap_while_the_service_runs_or_knows_more_than_the_log(lives: Lives):
    await lives.make()
    connection = await asyncpg.connect(
        lives.database, server_settings={"application_name": "routing-1"}
    )
    with pytest.raises(NotSwapped, match="at work on the database"):
        await lives.swap()
    await connection.close()
    await lives.act(0, Accept(OFFICER))
    await lives.close()

    with pytest.raises(NotSwapped, match="said more of 1 dossiers"):
        await lives.swap()
