"""`hotich stuck` and `hotich lane` over real HTTP with real tokens, as two people use them."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import pytest
from click.testing import Result
from typer.testing import CliRunner

from console.failing import Failed
from console.main import build
from contracts.decision import Effect
from plumbing.lanes import is_paused
from plumbing.valves import Valves
from tests.integration.core_kit import Dossier
from tests.integration.stuck_kit import (
    BUGGY,
    ONE,
    OTHER,
    Desk,
    a_desk,
    a_letter_and_its_followers,
    an_issuer,
    served,
)


@pytest.fixture(scope="module")
async def issuer(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Any]:
    async with an_issuer(tmp_path_factory.mktemp("sandbox")) as one:
        yield one


@dataclass
class Console:
    """The command line of people whose service is served at `url`."""

    desk: Desk
    url: str
    tokens: dict[str, str]
    valves: Valves

    async def run(self, *arguments: str, who: str = ONE, at: tuple[str, ...] = ()) -> Result:
        """Run a command in somebody's name."""
        found = [text for one in (f"notifier={self.url}", *at) for text in ("--at", one)]
        runner = CliRunner(env={"COLUMNS": "250", "HOTICH_TOKEN": self.tokens[who]})
        return await asyncio.to_thread(runner.invoke, build(), [*arguments, *found])


@pytest.fixture
async def console(database: str, issuer: Any) -> AsyncIterator[Console]:
    verifier, tokens = issuer
    valves = Valves()
    async with a_desk(database) as desk, served(desk, verifier, valves) as url:
        yield Console(desk, url, tokens, valves)


def failed(result: Result) -> str:
    assert isinstance(result.exception, Failed), result
    return str(result.exception)


async def test_given_a_letter_then_one_person_proposes_and_only_another_one_carries_it_out(console):
    dossier, letter = await a_letter_and_its_followers(console.desk)
    listed = await console.run("stuck", "list")
    assert listed.exit_code == 0
    assert letter in listed.output
    assert "parked 1, dead_letter 1" in listed.output
    BUGGY.clear()

    trial = await console.run("stuck", "redrive", letter, "--reason", "mended", "--dry-run")
    assert (trial.exit_code, "nothing was changed" in trial.output) == (0, True)
    assert (await console.run("stuck", "acts")).output == ""

    # What is parked is redriven by what it waits for.
    parked = f"notifier/parked/{dossier.id}/routing"
    proposed = await console.run("stuck", "redrive", parked, "--reason", "mended")
    assert proposed.exit_code == 0
    act = proposed.output.strip().rpartition(" ")[2]
    assert act in (await console.run("stuck", "acts", "--open")).output
    assert "cannot approve it" in failed(await console.run("stuck", "approve", act))
    approved = await console.run("stuck", "approve", act, who=OTHER)
    assert (approved.exit_code, "applied" in approved.output) == (0, True)
    assert "Someone carried" in failed(await console.run("stuck", "approve", act, who=OTHER))

    assert "nothing waits" in (await console.run("stuck", "list")).output
    assert (await console.run("stuck", "acts", "--open")).output == ""
    shown = await console.run("stuck", "show", letter)
    assert f"redrive by {ONE}" in shown.output
    assert f"approved by {OTHER}" in shown.output


async def test_given_what_is_not_possible_then_the_exit_code_is_2_and_nothing_is_proposed(console):
    _, letter = await a_letter_and_its_followers(console.desk)

    result = await console.run("stuck", "redrive", letter, "--reason", "hope")

    assert result.exit_code == 2
    assert "not possible: fails_again: ZeroDivisionError" in result.output
    assert await console.desk.bench.count("stuck_act") == 0


async def test_given_a_service_that_is_away_then_the_others_are_listed_and_the_exit_code_is_4(
    console,
):
    _, letter = await a_letter_and_its_followers(console.desk)

    result = await console.run("stuck", "list", "--json", at=("routing=http://127.0.0.1:1",))

    assert result.exit_code == 4
    assert [json.loads(line)["item"] for line in result.stdout.splitlines()].count(letter) == 1
    assert "routing does not answer" in result.stderr


async def test_given_no_operator_then_nothing_is_shown_or_done(console):
    _, letter = await a_letter_and_its_followers(console.desk)

    for arguments in (
        ("stuck", "show", letter),
        ("stuck", "acts"),
        ("stuck", "redrive", letter, "--reason", "x"),
        ("stuck", "discard", letter, "--reason", "x"),
        ("stuck", "approve", f"notifier/{Dossier().id}"),
        ("stuck", "take", letter),
        ("lane", "list"),
        ("lane", "pause", "notifier/told", "--reason", "x"),
        ("lane", "resume", "notifier/told", "--reason", "x"),
    ):
        refused = failed(await console.run(*arguments, who="national-portal"))
        assert "lacks operate" in refused, arguments
    listed = await console.run("stuck", "list", who="national-portal")
    assert listed.exit_code == 4
    assert letter not in listed.output


async def test_given_someone_takes_an_item_then_the_list_names_them(console):
    _, letter = await a_letter_and_its_followers(console.desk)

    taken = await console.run("stuck", "take", letter, who=OTHER)

    assert f"looked after by {OTHER}" in taken.output
    assert f"held by {OTHER}" in (await console.run("stuck", "list")).output


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("stuck", "approve", "nonsense"), "is no act"),
        (("stuck", "approve", f"notifier/{'0' * 8}-0000-0000-0000-{'0' * 12}"), "Nothing was"),
        (("stuck", "show", "notifier/effect/nothing"), "nothing of that name"),
        (("stuck", "show", "nobody/effect/nothing"), "no service 'nobody'"),
        (("stuck", "list", "--service", "nobody"), "no service 'nobody'"),
    ],
)
async def test_given_what_there_is_not_then_it_is_told_in_words(console, arguments, why):
    assert why in failed(await console.run(*arguments))


async def test_given_a_lane_then_one_person_pauses_and_resumes_it_and_both_are_recorded(console):
    desk = console.desk
    await desk.bench.bring(Dossier(), Effect("toy:told", "told", b"tell", "79"))
    begun = console.valves.begin("toy", "79")
    assert begun is not None

    async def paused(turn: str) -> bool:
        async with desk.bench.pool.acquire() as conn:
            return await is_paused(conn, "told", turn)

    why = ("--reason", "the portal asked for it")
    first = await console.run("lane", "pause", "notifier/told", "--turn", "79", *why)
    again = await console.run("lane", "pause", "notifier/told", "--turn", "79", *why, who=OTHER)
    assert "notifier/told/79 is paused" in first.output
    assert "already paused" in again.output
    assert (await paused("79"), await paused("01")) == (True, False)
    (row,) = [json.loads(one) for one in (await listed(console)).splitlines()]
    assert (row["lane"], row["turn"], row["call"], row["open"]) == ("told", "79", "toy", 1)
    assert row["pause"]["paused_by"] == ONE
    assert row["valve"] == "open"

    resumed = await console.run("lane", "resume", "notifier/told", "--turn", "79", *why, who=OTHER)
    assert "is not paused" in resumed.output
    assert await paused("79") is False
    assert desk.woken
    acts = (await console.run("stuck", "acts")).output
    assert f"pause by {ONE}" in acts
    assert f"resume by {OTHER}" in acts
    begun.give_back()


async def listed(console: Console) -> str:
    return (await console.run("lane", "list", "--json")).stdout


async def test_given_a_pause_of_a_lane_in_which_nothing_waits_then_it_is_listed(console):
    await console.run("lane", "pause", "notifier/told", "--reason", "works at night")

    (row,) = [json.loads(one) for one in (await listed(console)).splitlines()]

    assert (row["lane"], row["open"], row["pause"]["reason"]) == ("told", 0, "works at night")


async def test_given_a_lane_in_which_no_call_is_made_then_it_cannot_be_paused(console):
    why = ("--reason", "works at night")
    for act in ("pause", "resume"):
        for lane in ("notifier/tolld", "notifier/a%00"):
            assert "makes no calls in that lane" in failed(
                await console.run("lane", act, lane, *why)
            )

    await console.desk.bench.bring(Dossier(), Effect("toy:told", "another", b"tell"))
    assert "is paused" in (await console.run("lane", "pause", "notifier/another", *why)).output


async def test_given_a_reason_with_somebodys_number_then_it_is_refused_in_words(console):
    _, letter = await a_letter_and_its_followers(console.desk)

    refused = await console.run("stuck", "discard", letter, "--reason", "of 001099000001")

    assert "personal data" in failed(refused)
