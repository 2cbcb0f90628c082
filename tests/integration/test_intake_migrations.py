"""A database of the release before becomes one of this release: replies find their own topic."""

import json
import shutil
from pathlib import Path
from uuid import uuid4

import asyncpg

from contracts.topics import PARTICULARS, replies_to
from intake.app import MIGRATIONS
from plumbing.migrating import migrate


async def test_replies_that_were_not_sent_yet_go_to_each_portals_own_topic(
    database: str, tmp_path: Path
):
    folder = tmp_path / "intake" / "migrations"
    folder.mkdir(parents=True)
    for number in ("0001", "0002", "0003"):
        shutil.copy(next(MIGRATIONS.glob(f"{number}_*.sql")), folder)
    await migrate(database, folder)
    conn = await asyncpg.connect(database)
    try:
        for topic, body in (
            ("portal.replies.v1", a_reply("moj-direct")),
            ("portal.replies.v1", a_reply("national-portal")),
            (PARTICULARS.name, None),
        ):
            await conn.execute(
                "INSERT INTO outbox (shard, topic, key, body, event_id)"
                " VALUES (0, $1, 'k', $2, $3)",
                topic,
                body,
                uuid4(),
            )

        await migrate(database, MIGRATIONS)

        rows = await conn.fetch("SELECT topic FROM outbox ORDER BY id")
        assert [row["topic"] for row in rows] == [
            replies_to("moj-direct").name,
            replies_to("national-portal").name,
            PARTICULARS.name,
        ]
    finally:
        await conn.close()


def a_reply(portal: str) -> bytes:
    """Return a reply as it waits: with text beyond ASCII."""
    return json.dumps({"data": {"portal": portal, "title": "Đã nhận"}}, ensure_ascii=False).encode()
