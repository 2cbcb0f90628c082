"""What operators do about trouble, on the whole stack, with the commands they have."""

import asyncio
import json

import asyncpg
from click.testing import Result
from typer.testing import CliRunner

from console.main import build
from local_stack.stack import Stack
from tests.flow.kit import fault, following, good_samples, told_by, until


async def hotich(stack: Stack, *arguments: str, person: str = "operator") -> Result:
    """Run a command as one of the two operators of the stack."""
    where = ["--stack", str(stack.place.state / "status.json"), "--as", person]
    runner = CliRunner(env={"COLUMNS": "250"})
    return await asyncio.to_thread(runner.invoke, build(), [*arguments, *where])


async def test_given_a_mail_nobody_can_ask_about_then_two_operators_give_it_up_and_it_is_over(
    stack: Stack,
):
    status = stack.status()
    async with following(status, told_by("email", good_samples(100))[:1]) as journey:
        async with fault(status, "mail", kind="lost_answer", share=1.0, times=1):
            await journey.send()
            await journey.arrive()
        (track,) = journey.tracks
        listed = await hotich(stack, "stuck", "list", "--kind", "manual", "--json")
        found = [json.loads(line) for line in listed.stdout.splitlines()]
        (item,) = [one["item"] for one in found if one["code"] == track.code]

        hasty = await hotich(stack, "stuck", "redrive", item, "--reason", "again")
        proposed = await hotich(stack, "stuck", "discard", item, "--reason", "the server has it")
        act = proposed.output.strip().rpartition(" ")[2]
        alone = await hotich(stack, "stuck", "approve", act)
        together = await hotich(stack, "stuck", "approve", act, person="operator-2")

        # Later steps were told since: an old mail must not come after them.
        assert (hasty.exit_code, "overtaken" in hasty.output) == (2, True), hasty.output
        assert "cannot approve it" in str(alone.exception)
        assert (together.exit_code, "discarded" in together.output) == (0, True)
        after = await hotich(stack, "stuck", "list", "--kind", "manual")
        assert item not in after.output
        assert sorted(track.told.values()) == ["email", "email", "in_doubt"]
        assert journey.breaches() == []


async def test_given_the_registers_lane_is_paused_then_dossiers_wait_there_and_go_on_at_once_after(
    stack: Stack,
):
    status = stack.status()
    why = ("--reason", "works at the register")
    paused = await hotich(stack, "lane", "pause", "registry-sync/register", *why)
    try:
        assert paused.exit_code == 0
        async with following(status, good_samples(1)) as journey:
            await journey.send()
            (track,) = journey.tracks
            connection = await asyncpg.connect(status.databases["registry-sync"])

            async def waits() -> bool:
                sql = "SELECT state, attempt FROM effect WHERE dossier_id = $1"
                return await connection.fetch(sql, track.dossier_id) == [("PENDING", 0)]

            try:
                await until(waits, "the push waits")
                lanes = await hotich(stack, "lane", "list", "--service", "registry-sync", "--json")
                rows = [json.loads(line) for line in lanes.stdout.splitlines()]
                assert {row["pause"]["paused_by"] for row in rows} == {"operator"}
                assert await waits()
            finally:
                await connection.close()
            resumed = await hotich(
                stack, "lane", "resume", "registry-sync/register", *why, person="operator-2"
            )
            assert resumed.exit_code == 0
            await journey.arrive()
            assert journey.breaches() == []
    finally:
        await hotich(stack, "lane", "resume", "registry-sync/register", *why)
