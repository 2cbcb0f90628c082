"""Migrations of the one-stop beside processes of the release before."""

import asyncio
import shutil
from pathlib import Path

import asyncpg

import routing
from plumbing.migrating import migrate
from tests.integration.core_kit import until

FOLDER = Path(routing.__file__).parent / "migrations"
LOOK = (
    "INSERT INTO access_log (actor, unit_code, dossier_id, what, at)"
    " VALUES ('officer', '26737', gen_random_uuid(), 'particulars', now())"
)
WAITS = "SELECT count(*) FROM pg_locks WHERE NOT granted"


async def test_given_a_look_under_way_when_the_log_of_looks_moves_then_it_is_not_lost(
    database: str, tmp_path: Path
):
    before = tmp_path / "routing" / "migrations"
    before.mkdir(parents=True)
    for file in FOLDER.glob("000[1-6]*.sql"):
        shutil.copy(file, before)
    await migrate(database, before)
    old, onlooker = await asyncpg.connect(database), await asyncpg.connect(database)
    looking = old.transaction()
    await looking.start()
    await old.execute(LOOK)

    moving = asyncio.create_task(migrate(database, FOLDER))
    await until(lambda: onlooker.fetchval(WAITS))
    await looking.commit()
    await moving
    await old.execute(LOOK)

    counts = [
        await onlooker.fetchval(f"SELECT count(*) FROM {t}") for t in ("access", "access_log")
    ]
    await old.close()
    await onlooker.close()
    assert counts == [2, 2]
