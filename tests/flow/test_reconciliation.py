"""An entry corrected at the register is found by a comparison and told through every service."""

import asyncio
from pathlib import Path

import aiohttp
from click.testing import Result
from typer.testing import CliRunner

from console.main import build
from local_stack.stack import Stack
from tests.flow.kit import following, good_samples


async def hotich(stack: Stack, *arguments: str) -> Result:
    """Run a command as the operator of the stack."""
    status = str(stack.place.state / "status.json")
    runner = CliRunner(env={"COLUMNS": "250", "HOTICH_TOKEN": ""})
    found = ["reconcile", *arguments, "--stack", status]
    return await asyncio.to_thread(runner.invoke, build(), found)


async def test_given_a_correction_nobody_told_us_when_compared_then_it_is_repaired_and_reported(
    stack: Stack, tmp_path: Path
):
    async with following(stack.status(), good_samples(1)) as journey:
        await journey.send()
        await journey.arrive()
        (track,) = journey.tracks
        url = f"{stack.status().sandbox['url']}/register/corrections/{track.code}"
        async with (
            aiohttp.ClientSession() as session,
            session.put(url, json={"number": "4711"}) as response,
        ):
            assert response.status == 200

        ran = await hotich(stack, "run", "--scope", "all")
        report = tmp_path / "report.csv"
        reported = await hotich(stack, "report", "--csv", str(report))
        again = await hotich(stack, "run", "--scope", "all")

        assert ran.exception is None or isinstance(ran.exception, SystemExit), ran.exception
        assert reported.exit_code in (0, 2)
        assert again.exit_code in (0, 2)
        (line,) = [
            one for one in report.read_text(encoding="utf-8-sig").splitlines() if track.code in one
        ]
        assert "Đã cập nhật theo nội dung đã sửa trong Sổ hộ tịch" in line
        assert journey.breaches() == []
