"""Magic dossiers: a reference asks for an outcome, and the portal is told just that."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from console.failing import Failed
from console.magic_commands import app
from local_stack import promise
from local_stack.stack import Stack
from sandbox.magic import CATALOGUE, named, played

pytestmark = pytest.mark.timeout(240)

SECONDS = "3"


async def hotich(stack: Stack, *arguments: str) -> Result:
    status = str(stack.place.state / "status.json")
    runner = CliRunner(env={"COLUMNS": "250"})
    return await asyncio.to_thread(runner.invoke, app, [*arguments, "--stack", status])


async def test_every_magic_dossier_comes_out_as_documented_and_its_portal_is_told_just_that(
    stack: Stack,
):
    ran = await hotich(stack, "send", "--all", "--seconds", SECONDS)

    assert ran.exit_code == 0, ran.output
    journal = promise.read_journal(Path(stack.status().sandbox["journal"]))
    # DUPLICATE is handed in after another one of the same birth, which is accepted.
    accepted = [one for one in told_of(journal, "ACCEPTED") if one]
    assert accepted == [documented("ACCEPTED")] * 2
    for one in CATALOGUE:
        if one.name != "ACCEPTED":
            assert told_of(journal, one.name) == [documented(one.name)], one.name
    entered = Counter(one["key"] for one in journal if one["kind"] == "register.registered")
    assert set(entered.values()) == {1}


async def test_an_outcome_nobody_knows_is_named_and_nothing_is_handed_in(stack: Stack):
    ran = await hotich(stack, "send", "MAGIC-NONSENSE")

    assert isinstance(ran.exception, Failed)
    assert "NONSENSE" in str(ran.exception)


def documented(name: str) -> list[tuple[str, int, tuple[int, ...]]]:
    magic = named(name)
    assert magic is not None
    return [(one.step, one.status, one.passed) for one in magic.steps]


def told_of(
    journal: Iterable[dict[str, Any]], name: str
) -> list[list[tuple[str, int, tuple[int, ...]]]]:
    """Return the callbacks of each dossier handed in under that name, in order."""
    told: dict[str, list[tuple[str, int, tuple[int, ...]]]] = {}
    for entry in journal:
        match entry["kind"]:
            case "portal.submitted" if is_of(name, entry["key"]):
                told.setdefault(entry["key"], [])
            case "portal.callback" if is_of(name, entry["portal_reference"]):
                step = (entry["step"], entry["status"], tuple(entry["passed"]))
                told[entry["portal_reference"]].append(step)
    return list(told.values())


def is_of(name: str, reference: str) -> bool:
    asked = played(reference)
    return asked is not None and asked.magic.name == name
