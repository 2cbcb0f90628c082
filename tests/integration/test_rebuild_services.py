"""Registry-sync, notifier and intake made once more from their logs: whole, damaged, swapped."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from types import SimpleNamespace
from typing import Any
from uuid import UUID, uuid4, uuid5

import asyncpg
import pytest

from contracts.decision import Answered, InDoubt
from contracts.envelope import Cause, sha256
from contracts.events import Accepted, ParticularsRef
from contracts.topics import LIFECYCLE, PARTICULARS
from intake.domain import Party, Submit
from intake.rebuild import plan as intake_plan
from local_stack.stack import Stack
from notifier.rebuild import plan as notifier_plan
from plumbing.answers import cause_of
from plumbing.applying import Item, apply, lock
from plumbing.database import open_pool
from plumbing.granting import grant
from plumbing.inlets import LifecycleInlet, ParticularsInlet
from plumbing.migrating import migrate
from plumbing.rebuilding import scratch
from plumbing.rebuilding.checking import MIGRATING, NotSwapped
from plumbing.rebuilding.comparing import compare
from plumbing.rebuilding.making import make
from plumbing.rebuilding.swapping import swap
from plumbing.rebuilding.tables import missing, undeclared
from plumbing.sealing import KeyRing
from registry_sync.rebuild import plan as registry_plan
from registry_sync.registration import RegisterSaid
from tests.integration.rebuild_kit import World, columns_of, shown
from tests.integration.roles_kit import a_role, as_role
from tests.integration.routing_kit import NOW, RING
from tests.unit.builders import a_submission, some_particulars
from tests.unit.registry_sync_kit import ENTRY, accepted

PLANS = {one.service: one for one in (registry_plan(RING), notifier_plan(RING), intake_plan(RING))}
NAME = "scratch"
_STATES = {"done": "DONE", "no": "REJECTED", "stuck": "MANUAL", "unknown": "IN_DOUBT"}


@dataclass
class Lives:
    """A service's dossiers on its database, and their log."""

    plan: Any
    database: str
    world: World
    ids: list[UUID] = field(default_factory=lambda: [uuid4() for _ in range(8)])
    now: Any = NOW

    def tick(self) -> Any:
        """Return the next moment."""
        self.now += timedelta(seconds=1)
        return self.now

    async def hear(self, number: int, *said: Any) -> None:
        """Let events of others come."""
        for data in said:
            code = f"H29.26737-261124-{number + 1:04d}"
            event = self.world.say(self.ids[number], code, data, self.tick())
            await self.world.hear([event], self.tick())

    async def get(self, number: int, particulars: Any = None, version: int = 1) -> None:
        """Let the personal data come."""
        data = particulars or some_particulars()
        sealed = self.world.seal(self.ids[number], data, version, self.tick())
        await self.world.hear([sealed], self.tick())

    async def decide(self, number: int, message: Any, cause: Cause, code: str = "") -> None:
        """Let a rule decide a message that is on no topic."""
        dossier_id = self.ids[number]
        async with self.world.pool.acquire() as conn, conn.transaction():
            heads = await lock(conn, {dossier_id: code})
            item = Item(dossier_id, message, cause)
            await apply(conn, self.plan.part, RING, heads, [item], self.tick())

    async def answer(self, number: int, kind: str, outcome: str, reason: str = "") -> None:
        """Let the outside answer a call."""
        identity = uuid5(self.ids[number], kind)
        ended = outcome != "unknown"
        done = await self.world.pool.execute(
            "UPDATE effect SET state = $2, reason = $3, attempt = 1, in_doubt = $4,"
            " ended_at = CASE WHEN $5 THEN $6::timestamptz END,"
            " request = CASE WHEN $5 THEN NULL ELSE request END WHERE effect_id = $1",
            *(identity, _STATES[outcome], reason, outcome == "unknown", ended, self.tick()),
        )
        assert done == "UPDATE 1", kind
        message: Any = Answered(kind, outcome, reason, {})  # type: ignore[arg-type]
        if outcome in ("unknown", "stuck"):
            message = InDoubt(kind, 1, self.now, outcome == "stuck")
        await self.decide(number, message, cause_of(identity, kind, outcome, reason))

    async def make(self, **options: Any) -> Any:
        """Make the rebuild."""
        records = self.world.log(particulars=options.get("has_particulars", True))
        options = {"has_particulars": True, "shares": 3, "keys": RING} | options
        return await make(self.database, self.plan, records, name=NAME, **options)

    async def ask(self, what: Any, **options: Any) -> Any:
        """Compare or swap."""
        connection = await scratch.connect(self.database)
        try:
            return await what(connection, self.plan, NAME, **options)
        finally:
            await connection.close()

    @asynccontextmanager
    async def stopped(self) -> AsyncIterator[None]:
        """Stop the service, and start it again after what is done meanwhile."""
        await self.world.pool.close()
        yield
        await self.start()

    async def start(self) -> None:
        """Start the service."""
        await migrate(self.database, self.plan.migrations)
        pool = await open_pool(self.database, application=f"{self.plan.service}-1")
        lifecycle = LifecycleInlet(self.plan.part, RING)
        self.world.pool = pool
        self.world.inlets = {topic.name: lifecycle for topic in LIFECYCLE.values()}
        self.world.inlets[PARTICULARS.name] = ParticularsInlet(self.plan.part, RING)

    async def all_once_more(self) -> None:
        """Let everything on the topics it hears come once more."""
        own = LIFECYCLE[self.plan.service].name
        for topic, records in list(self.world.records.items()):
            if topic != own and records:
                await self.world.hear(records, self.tick())


@asynccontextmanager
async def lives_of(service: str, database: str) -> AsyncIterator[Lives]:
    """Give a service on an empty database."""
    pool: Any = None
    made = Lives(PLANS[service], database, World(service, pool, RING, {}))
    await made.start()
    try:
        yield made
    finally:
        made.world.pool.terminate()


async def register_lives(lives: Lives) -> None:
    """Live: registered, told, to be told, in doubt, without data, asked back, told in vain."""
    for number in range(7):
        if number != 4:
            await lives.get(number)
        await lives.hear(number, accepted().data)
    for number in (0, 1, 5):
        await lives.answer(number, "push", "done")
    await lives.answer(3, "push", "unknown")
    await lives.answer(6, "push", "no", "register_said_no")
    said = (RegisterSaid("registered", ENTRY, 1, NOW), RegisterSaid("supplement", None, 1, NOW))
    for number, word in zip((0, 5), said, strict=True):
        await lives.decide(number, word, Cause("poll:x", sha256(repr(word).encode())))
    await lives.world.relay(lives.tick())


@pytest.mark.parametrize("service", sorted(PLANS))
async def test_every_table_and_column_says_where_it_comes_from(service: str, database: str):
    async with lives_of(service, database) as lives:
        connection = await scratch.connect(database)
        schema = await scratch.schema_of(connection, scratch.LIVE)
        await connection.close()

    assert undeclared(lives.plan.tables, schema) == []
    assert missing(lives.plan.tables, schema) == []


async def test_registrations_come_out_as_they_are_and_nothing_is_pushed_twice(database: str):
    async with lives_of("registry-sync", database) as lives:
        await register_lives(lives)
        made = await lives.make()
        compared = await lives.ask(compare)
        assert (made.otherwise, made.unheard, made.calls_in_doubt) == ({}, 0, 0)
        assert shown(compared) == []
        opened = "SELECT count(DISTINCT dossier_id) FROM access WHERE purpose = 'rebuild'"
        assert await lives.world.pool.fetchval(opened) == 6
        before = await calls(lives)

        async with lives.stopped():
            swapped = await lives.ask(swap, yes=True)
        await lives.all_once_more()

        assert (swapped.open_calls, swapped.in_doubt) == (2, 0)
        assert await calls(lives) == before
        assert await lives.world.rows("outbox") == []
        # What was pending still is: it is answered, and the dossier goes on.
        await lives.answer(2, "push", "done")
        word = RegisterSaid("registered", ENTRY, 1, NOW)
        await lives.decide(2, word, Cause("poll:x", sha256(repr(word).encode())))
        assert len(await lives.world.rows("outbox")) == 1


async def calls(lives: Lives) -> list[tuple[Any, ...]]:
    """Return every call as it stands, with what is to be sent."""
    names = ("effect_id", "kind", "state", "in_doubt", "attempt", "request", "position")
    return sorted(columns_of(await lives.world.rows("effect"), *names))


async def test_the_role_a_service_runs_as_uses_what_was_swapped_in_and_nothing_else(
    database: str, servers: Stack
):
    async with lives_of("registry-sync", database) as lives:
        await register_lives(lives)
        await lives.make()
        owner = await asyncpg.connect(database)
        with a_role(servers) as role:
            await grant(owner, role[0])
            async with lives.stopped():
                swapped = await lives.ask(swap, yes=True)

            service = await asyncpg.connect(as_role(database, role))
            assert await service.fetchval("SELECT count(*) FROM registration") > 0
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await service.execute("DELETE FROM access")
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await service.execute(f"SELECT count(*) FROM {swapped.kept_as}.registration")
            await service.close()
        await owner.close()


async def test_a_push_nobody_knows_of_is_in_doubt_and_never_simply_to_be_made(database: str):
    async with lives_of("registry-sync", database) as lives:
        await register_lives(lives)
        await lives.world.pool.execute("TRUNCATE effect, registration")
        made = await lives.make()
        async with lives.stopped():
            swapped = await lives.ask(swap, yes=True)

        rows = await lives.world.pool.fetch(
            "SELECT dossier_id, state, in_doubt, request IS NOT NULL AS asks FROM effect"
        )
        found = {lives.ids.index(row["dossier_id"]): tuple(row)[1:] for row in rows}

        lost = ("IN_DOUBT", True, True)
        assert found == {
            **dict.fromkeys((1, 2, 3), lost),
            **dict.fromkeys((0, 5), ("DONE", False, False)),
            6: ("REJECTED", False, False),
        }
        assert (made.calls_in_doubt, swapped.in_doubt) == (3, 3)
        seen = await lives.world.pool.fetchval("SELECT count(*) FROM registration WHERE seen")
        assert seen == 6


async def test_damage_at_registry_sync_is_named(database: str):
    async with lives_of("registry-sync", database) as lives:
        await register_lives(lives)
        await lives.make()
        pool, ids = lives.world.pool, lives.ids
        await pool.execute("UPDATE effect SET state = 'DONE' WHERE dossier_id = $1", ids[2])
        await pool.execute("DELETE FROM effect WHERE dossier_id = $1", ids[0])
        await pool.execute(
            "UPDATE registration SET entry_number = '99' WHERE dossier_id = $1", ids[0]
        )
        await pool.execute("UPDATE registration SET personal = NULL WHERE dossier_id = $1", ids[1])

        compared = await lives.ask(compare)

        assert sorted(shown(compared)) == [
            ("effect", "differs", "damage", ("state",)),
            ("effect", "missing_here", "damage", ()),
            ("registration", "differs", "damage", ("entry_number",)),
            ("registration", "differs", "damage", ("personal",)),
        ]


async def notify_lives(lives: Lives) -> None:
    """Live: told by SMS and portal, by mail instead, given up, pending, without data."""
    receipt = Accepted(
        unit_code="26737", procedure_code="1.001193", actor="automatic", reference_version="1"
    )
    for number in range(5):
        if number != 4:
            await lives.get(number)
        await lives.hear(number, a_submission(), receipt)
    for number in (0, 1, 2):
        await lives.answer(number, "portal:submitted", "done")
    await lives.answer(0, "sms:submitted", "done")
    await lives.answer(0, "sms:accepted", "done")
    await lives.answer(1, "sms:submitted", "no", "number_unknown")
    await lives.answer(1, "email:submitted", "done")
    await lives.answer(2, "sms:submitted", "stuck")
    await lives.world.relay(lives.tick())


async def test_correspondences_come_out_as_they_are_and_nobody_is_told_twice(database: str):
    async with lives_of("notifier", database) as lives:
        await notify_lives(lives)
        made = await lives.make()
        compared = await lives.ask(compare)
        assert (made.otherwise, made.unheard) == ({}, 0)
        assert shown(compared) == []
        before, feed = await calls(lives), await lives.world.rows("feed")
        await lives.world.pool.execute("DELETE FROM correspondence")
        await lives.make()

        async with lives.stopped():
            await lives.ask(swap, yes=True)
        await lives.all_once_more()

        assert await calls(lives) == before
        assert await lives.world.rows("feed") == feed
        assert await lives.world.rows("outbox") == []
        await lives.make()
        assert shown(await lives.ask(compare)) == []
        # What was pending still is.
        await lives.answer(3, "sms:submitted", "done")
        assert len(await lives.world.rows("outbox")) == 1


async def test_messages_nobody_knows_of_are_in_doubt_and_those_the_log_tells_are_done(
    database: str,
):
    async with lives_of("notifier", database) as lives:
        await notify_lives(lives)
        await lives.world.pool.execute("TRUNCATE effect, correspondence")
        await lives.make()
        async with lives.stopped():
            await lives.ask(swap, yes=True)

        rows = await lives.world.pool.fetch(
            "SELECT kind, state, begun FROM effect WHERE dossier_id = $1", lives.ids[1]
        )

        assert {tuple(row) for row in rows} >= {
            ("sms:submitted", "REJECTED", False),
            ("email:submitted", "DONE", False),
            ("portal:submitted", "DONE", False),
        }
        assert {row["state"] for row in rows} <= {"DONE", "REJECTED", "IN_DOUBT"}
        assert all(row["begun"] for row in rows if row["state"] == "IN_DOUBT")


async def test_without_personal_data_nothing_that_tells_the_outside_is_swapped(database: str):
    async with lives_of("notifier", database) as lives:
        await notify_lives(lives)
        await lives.make(has_particulars=False)
        async with lives.stopped():
            with pytest.raises(NotSwapped, match="without the personal data"):
                await lives.ask(swap, yes=True)


async def test_a_call_answered_since_the_rebuild_was_made_keeps_it_from_its_place(database: str):
    async with lives_of("registry-sync", database) as lives:
        await register_lives(lives)
        await lives.make()
        await lives.answer(2, "push", "done")
        async with lives.stopped():
            with pytest.raises(NotSwapped, match="1 calls were answered"):
                await lives.ask(swap, yes=True)


async def test_nothing_is_swapped_while_the_log_goes_further_or_a_process_starts(database: str):
    async with lives_of("registry-sync", database) as lives:
        await register_lives(lives)
        await lives.make()
        own = LIFECYCLE["registry-sync"].name
        end = len(lives.world.records[own])
        async with lives.stopped():
            with pytest.raises(NotSwapped, match=f"{own}/0 goes to {end + 1}"):
                await lives.ask(swap, yes=True, ends={f"{own}/0": end + 1})
            starting = await scratch.connect(database)
            await starting.execute("SELECT pg_advisory_lock($1)", MIGRATING)
            with pytest.raises(NotSwapped, match="starting"):
                await lives.ask(swap, yes=True, ends={f"{own}/0": end})
            await starting.close()
            assert (await lives.ask(swap, yes=False, ends={f"{own}/0": end})).done is False


async def test_dossiers_of_the_intake_keep_their_codes_and_fingerprints(database: str):
    async with lives_of("intake", database) as lives:
        for number in range(3):
            data = a_submission(particulars=ParticularsRef(version=1, sha256="a" * 64))
            document: Any = SimpleNamespace(**dict(data))
            party = Party(data.portal, data.channel, frozenset("*"))
            command = Submit(party, document, f"{number}" * 64, data.particulars)
            code = f"H29.26737-261124-{number + 1:04d}"
            await lives.decide(number, command, Cause("submission:x", "0" * 64), code)
        await lives.world.relay(lives.tick())
        before = await lives.world.rows("dossier")
        await lives.make()
        assert shown(await lives.ask(compare)) == []

        async with lives.stopped():
            await lives.ask(swap, yes=True)

        assert await lives.world.rows("dossier") == before
        counters = columns_of(await lives.world.rows("code_counter"), "unit_code", "day", "last")
        assert counters == [("26737", "2026-11-24", 3)]


async def test_what_was_heard_since_the_rebuild_was_made_keeps_it_from_its_place(database: str):
    async with lives_of("registry-sync", database) as lives:
        await register_lives(lives)
        await lives.make()
        # It says nothing of them itself yet, and has a call to make.
        await lives.get(7)
        await lives.hear(7, accepted().data)
        async with lives.stopped():
            with pytest.raises(NotSwapped, match="heard more of 1 dossiers"):
                await lives.ask(swap, yes=True)
        await lives.make()
        before = await calls(lives)

        async with lives.stopped():
            await lives.ask(swap, yes=True)
        await lives.all_once_more()

        assert await calls(lives) == before


async def test_what_was_erased_since_the_rebuild_was_made_does_not_come_back(database: str):
    async with lives_of("notifier", database) as lives:
        await notify_lives(lives)
        await lives.make()
        erased = lives.world.seal(lives.ids[1], None, 0, lives.tick())
        await lives.world.hear([erased], lives.tick())

        async with lives.stopped():
            with pytest.raises(NotSwapped, match="heard more of 1 dossiers"):
                await lives.ask(swap, yes=True)


async def test_a_tombstone_the_broker_dropped_keeps_no_rebuild_away(database: str):
    async with lives_of("notifier", database) as lives:
        await notify_lives(lives)
        erased = lives.world.seal(lives.ids[1], None, 0, lives.tick())
        await lives.world.hear([erased], lives.tick())
        topic = lives.world.records[PARTICULARS.name]
        topic[:] = [one for one in topic if one.key != erased.key]
        await lives.make()

        async with lives.stopped():
            assert (await lives.ask(swap, yes=True)).done


async def test_personal_data_that_did_not_open_keep_a_rebuild_from_the_live_place(database: str):
    async with lives_of("registry-sync", database) as lives:
        await register_lives(lives)
        made = await lives.make(keys=KeyRing("other", {"other": bytes(32)}))
        assert made.unopened == 6

        async with lives.stopped():
            with pytest.raises(NotSwapped, match="6 records of personal data did not open"):
                await lives.ask(swap, yes=True)


async def test_a_record_nobody_could_open_is_known_and_keeps_no_rebuild_away(database: str):
    async with lives_of("registry-sync", database) as lives:
        await register_lives(lives)
        forged = lives.world.seal(lives.ids[7], some_particulars(), 1, lives.tick())
        other = lives.world.seal(lives.ids[6], some_particulars(), 2, lives.tick())
        topic = lives.world.records[PARTICULARS.name]
        topic[-2:] = [forged._replace(value=other.value)]
        sealed = other.value or b""
        topic[-1] = forged._replace(
            value=sealed.replace(str(lives.ids[6]).encode(), str(lives.ids[7]).encode())
        )
        await lives.world.hear([topic[-1]], lives.tick())
        assert await lives.world.pool.fetchval("SELECT count(*) FROM dead_letter") == 1

        made = await lives.make()

        assert made.unopened == 0
        async with lives.stopped():
            assert (await lives.ask(swap, yes=True)).done


async def test_who_opens_data_for_a_rebuild_of_the_log_alone_is_written_down_for_good(
    database: str,
):
    async with lives_of("registry-sync", database) as lives:
        await register_lives(lives)
        opened = "SELECT count(DISTINCT dossier_id) FROM access WHERE purpose = 'rebuild'"

        await lives.make(log_alone=True)

        assert await lives.world.pool.fetchval(opened) == 6


async def test_no_rebuild_is_made_in_the_database_of_another_service(database: str):
    async with lives_of("registry-sync", database):
        with pytest.raises(scratch.NoScratch, match="the database is that of registry_sync"):
            await scratch.create(database, "rebuild", PLANS["intake"].migrations)


async def test_a_rebuild_of_another_owner_is_not_swapped(database: str):
    async with lives_of("registry-sync", database) as lives:
        await register_lives(lives)
        await lives.make()
        # The one role the database's owner may give something to.
        other = "pg_database_owner"
        await lives.world.pool.execute(
            f"GRANT CREATE ON SCHEMA {NAME} TO {other}; ALTER TABLE {NAME}.effect OWNER TO {other}"
        )

        async with lives.stopped():
            with pytest.raises(NotSwapped, match="another owner"):
                await lives.ask(swap, yes=True)
