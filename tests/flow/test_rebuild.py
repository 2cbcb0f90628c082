"""Every service's database made once more from the real topics, beside the one that lived."""

import asyncio
import json
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from console.rebuild_commands import app
from local_stack.stack import Stack
from local_stack.status import Status
from tests.conftest import DESK_UNIT as UNIT
from tests.flow.kit import all_consumed, count, following, good_samples, until
from tests.flow.test_desk import a_desk, for_the_desk, on_the_desk

ROOT = Path.cwd()
#: What is done to each database, and the column that tells of it.
DAMAGE = {
    "routing": ("UPDATE dossier_case SET status = 'refused' WHERE dossier_id = $1", "status"),
    "registry-sync": ("UPDATE registration SET revision = 9 WHERE dossier_id = $1", "revision"),
    "notifier": ("UPDATE correspondence SET portal = 'x' WHERE dossier_id = $1", "portal"),
    "intake": ("UPDATE dossier SET portal = 'x' WHERE dossier_id = $1", "portal"),
}
#: The same, undone.
MENDED = {
    "routing": "UPDATE dossier_case SET status = 'handed_over' WHERE dossier_id = $1",
    "registry-sync": "UPDATE registration SET revision = 0 WHERE dossier_id = $1",
    "notifier": "UPDATE correspondence SET portal = $2 WHERE dossier_id = $1",
    "intake": "UPDATE dossier SET portal = $2 WHERE dossier_id = $1",
}


async def rebuild(status: Status, what: str, service: str, *words: str) -> dict[str, Any]:
    """Run a command on a service's database and return its document."""
    command = [what, service, "--database", status.databases[service], "--json", *words]
    done = await asyncio.to_thread(CliRunner().invoke, app, command)
    assert done.exit_code in (0, 2), (done.exception, done.output)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


async def all_quiet(status: Status) -> bool:
    """Return whether everything was heard, said and answered."""
    waits = "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM effect WHERE ended_at IS"
    waits += " NULL)"
    left = [await count(status, service, waits) for service in DAMAGE]
    return not any(left) and await all_consumed(status)


def ours(compared: dict[str, Any], ids: set[str]) -> list[dict[str, Any]]:
    """Return what differs of these dossiers, as damage or in part."""
    return [one for one in compared["differences"] if one["key"][0] in ids]


@pytest.mark.timeout(300)
async def test_what_the_topics_tell_is_what_every_service_has_and_damage_is_named(
    stack: Stack, tmp_path: Path
):
    status = stack.status()
    secrets = json.loads((ROOT / status.secrets).read_text(encoding="utf-8"))
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps(secrets["particulars_keys"]), encoding="utf-8")
    async with (
        a_desk(stack, UNIT) as desk,
        following(status, [*for_the_desk(1), *good_samples(8)]) as journey,
    ):
        await journey.send()
        one = str((await on_the_desk(desk, journey.tracks[0]))["dossier_id"])
        await desk.act(one, "accept")
        sql = "SELECT count(*) FROM dossier_case WHERE dossier_id = $1 AND status = 'registered'"
        await until(lambda: _is_there(status, sql, one), "it is registered")
        await desk.act(one, "hand-over", method="in_person")
        await journey.arrive()
        await until(lambda: all_quiet(status), "all is quiet")
        ids = {str(track.dossier_id) for track in journey.tracks}

    for service, (damage, column) in DAMAGE.items():
        made = await rebuild(status, "make", service, "--kafka", status.kafka, "--keys", str(keys))
        same = await rebuild(status, "compare", service)
        connection = await asyncpg.connect(status.databases[service])
        try:
            portal = journey.tracks[0].sample.portal
            await connection.execute(damage, one)
            damaged = await rebuild(status, "compare", service)
            mended = (MENDED[service], one, portal)
            await connection.execute(*mended[: 2 + ("$2" in mended[0])])
            await connection.execute("DROP SCHEMA rebuild CASCADE")
        finally:
            await connection.close()

        named = [note for note in made["notes"] if note["dossier_id"] in ids]
        assert named == [], service
        assert [each for each in ours(same, ids) if each["found"] == "damage"] == [], service
        found = [each["columns"] for each in ours(damaged, {one}) if each["found"] == "damage"]
        assert found == [[column]], service


async def _is_there(status: Status, sql: str, dossier_id: str) -> bool:
    return await count(status, "routing", sql, dossier_id) == 1
