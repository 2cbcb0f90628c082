"""A database of the release before becomes one of this release, and nothing is written anew."""

import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import UUID, uuid4

import asyncpg
import pytest

from notifier.app import MIGRATIONS
from notifier.correspondence import Correspondence
from notifier.store import CorrespondenceStore
from plumbing.database import Conn
from plumbing.migrating import migrate
from tests.integration.core_kit import RING

PORTAL = "national-portal"


@pytest.fixture
async def before(database: str, tmp_path: Path) -> AsyncIterator[Conn]:
    """Give a connection to a database of the release before, of one dossier."""
    folder = tmp_path / "notifier" / "migrations"
    folder.mkdir(parents=True)
    shutil.copy(MIGRATIONS / "0001_notifier.sql", folder)
    await migrate(database, folder)
    conn = await asyncpg.connect(database)
    try:
        yield conn
    finally:
        await conn.close()


async def a_row(conn: Conn) -> UUID:
    """Return a dossier as the release before kept it."""
    dossier_id = uuid4()
    await conn.execute(
        "INSERT INTO correspondence (dossier_id, dossier_code, portal, portal_reference, erased,"
        " news, early) VALUES ($1, 'H29.26-20261124-0000001', $2, 'R-1', false, '[]', '[]')",
        dossier_id,
        PORTAL,
    )
    return dossier_id


async def a_call(conn: Conn, dossier_id: UUID, lane: str, state: str) -> UUID:
    """Return a call as the release before kept it: of nobody's turn."""
    effect_id = uuid4()
    await conn.execute(
        "INSERT INTO effect (effect_id, dossier_id, kind, lane, state, cause_id, cause_hash)"
        " VALUES ($1, $2, $3, $4, $5, '', '')",
        effect_id,
        dossier_id,
        f"{lane}:{effect_id}",
        lane,
        state,
    )
    return effect_id


async def test_given_dossiers_when_migrated_then_their_table_is_not_written_anew(database, before):
    await a_row(before)
    node = "SELECT pg_relation_filenode('correspondence')"
    written = await before.fetchval(node)

    await migrate(database, MIGRATIONS)

    assert await before.fetchval(node) == written
    (old,) = await before.fetch("SELECT changed_at, compared_at FROM correspondence")
    assert old["changed_at"] is not None
    assert old["compared_at"] is None
    async with before.transaction():
        for _ in range(2):
            await a_row(before)
    assert await before.fetchval("SELECT count(DISTINCT changed_at) FROM correspondence") == 3


async def test_given_open_callbacks_when_migrated_then_they_have_the_turn_of_their_portal(
    database, before
):
    dossier_id = await a_row(before)
    states = ("PENDING", "IN_FLIGHT", "IN_DOUBT", "MANUAL", "DONE", "REJECTED")
    callbacks = [await a_call(before, dossier_id, "portal", state) for state in states]
    message = await a_call(before, dossier_id, "citizen", "PENDING")

    await migrate(database, MIGRATIONS)

    rows = await before.fetch("SELECT effect_id, turn FROM effect")
    turns = {row["effect_id"]: row["turn"] for row in rows}
    assert [turns[one] for one in callbacks] == [PORTAL] * 4 + ["", ""]
    assert turns[message] == ""


async def test_given_a_dossier_of_the_release_before_then_it_has_no_province_and_a_new_one_has(
    database, before
):
    old = await a_row(before)
    await migrate(database, MIGRATIONS)
    new = Correspondence(uuid4(), "H29.26-20261124-0000002", PORTAL, "R-2", "79")
    store = CorrespondenceStore(RING)

    await store.save(before, [new])
    loaded = await store.load(before, [old, new.dossier_id])

    assert (loaded[old].province_code, loaded[new.dossier_id]) == ("", new)
