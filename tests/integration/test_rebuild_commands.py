"""`hotich rebuild` from an archive's folder: made, compared, tried and put in its place."""

import asyncio
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from console.failing import Failed
from console.rebuild_commands import app
from tests.integration.rebuild_kit import World
from tests.integration.test_rebuild_services import Lives, lives_of, register_lives
from tests.unit import archive_kit


def archived(root: Path, world: World) -> Path:
    """Write what is on the world's topics as an archive."""
    log = archive_kit.Log()
    for topic in ("dossier.routing.v1", "dossier.registry.v1"):
        for one in world.records[topic]:
            at = datetime.fromtimestamp(one.at_ms / 1000, UTC)
            log.put(topic, one.key, one.value, at, one.partition)
    return archive_kit.archive(root, log)


async def run(lives: Lives, *words: str) -> tuple[int, Any]:
    """Run a command and return its exit code and its JSON document, or what it failed with."""
    command = [words[0], lives.plan.service, "--database", lives.database, *words[1:], "--json"]
    done = await asyncio.to_thread(CliRunner().invoke, app, command)
    if isinstance(done.exception, Failed):
        return 1, str(done.exception)
    return done.exit_code, json.loads(done.stdout)


async def test_from_an_archive_to_the_swap(database: str, tmp_path: Path):
    async with lives_of("registry-sync", database) as lives:
        await register_lives(lives)
        folder = str(archived(tmp_path, lives.world))

        code, made = await run(lives, "make", "--archive", folder)
        same = await run(lives, "compare")
        await lives.world.pool.execute(
            "UPDATE registration SET entry_number = '99' WHERE entry_number IS NOT NULL"
        )
        damaged = await run(lives, "compare")

        assert (code, made["dossiers"], made["has_particulars"]) == (2, 7, False)
        assert made["otherwise"] == {"rules_differ": 3}
        assert same[1]["differences"] == []
        assert (same[0], same[1]["damage"]) == (0, 0)
        assert (damaged[0], damaged[1]["damage"]) == (2, 1)
        (found,) = damaged[1]["differences"]
        assert found["columns"] == ["entry_number"]
        async with lives.stopped():
            code, why = await run(lives, "swap", "--yes")
        assert (code, "without the personal data" in why) == (1, True)
        await dropped(lives)


async def dropped(lives: Lives) -> None:
    """See the rebuild go, when told to and not before."""
    command = ["drop", lives.plan.service, "--database", lives.database]
    tried = await asyncio.to_thread(CliRunner().invoke, app, command)
    of_another = [command[0], "routing", *command[2:], "--yes"]
    refused = await asyncio.to_thread(CliRunner().invoke, app, of_another)
    still = await run(lives, "compare")
    done = await asyncio.to_thread(CliRunner().invoke, app, [*command, "--yes"])
    gone = await run(lives, "compare")

    assert tried.stdout == "registry-sync: rebuild would be gone; --yes does it\n"
    assert str(refused.exception) == "the rebuild in rebuild is of registry-sync"
    assert still[0] == 2
    assert done.stdout == "registry-sync: rebuild is gone\n"
    assert gone == (1, "there is no rebuild in the schema rebuild: make it first")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("make", "nobody", "--database", "x"), "no service 'nobody' has a database"),
        (("make", "routing", "--database", "x"), "say where the log is"),
        (("make", "routing", "--database", "x", "--keys", "/none"), "/none is no key ring"),
        (("compare", "nobody", "--database", "x"), "no service 'nobody' has a database"),
        (("make", "routing"), "--database"),
    ],
)
def test_a_wrong_call_is_said_in_words_and_ends_with_2(
    words: tuple[str, ...], said: str, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.delenv("DATABASE_URL", raising=False)

    done = CliRunner(env={"COLUMNS": "250"}).invoke(app, list(words))

    assert done.exit_code == 2
    assert said in done.output


async def test_without_a_rebuild_there_is_nothing_to_compare(database: str):
    async with lives_of("registry-sync", database) as lives:
        code, why = await run(lives, "compare")

    assert (code, why) == (1, "there is no rebuild in the schema rebuild: make it first")
