"""`hotich reconcile` over real HTTP with real tokens, down to the report an officer reads."""

import asyncio
import csv
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import uvicorn
from click.testing import Result
from typer.testing import CliRunner

from console.failing import Failed
from console.main import build
from plumbing import lanes, reconciling
from plumbing.operating import Operators
from plumbing.reconciliation_api import PATH
from plumbing.serving import Health, make_app
from plumbing.tokens import TokenVerifier
from tests.integration.core_kit import until
from tests.integration.reconciling_kit import FORM, LINE, Compared, comparing
from tests.integration.register_double import RegisterDouble
from tests.integration.sandbox_process import free_port
from tests.integration.stuck_kit import an_issuer


@pytest.fixture(scope="module")
async def issuer(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Any]:
    async with an_issuer(tmp_path_factory.mktemp("sandbox")) as one:
        yield one


@asynccontextmanager
async def served(bench: Compared, verifier: TokenVerifier) -> AsyncIterator[str]:
    """Serve the routes and make runs meanwhile; gives the url."""
    app, port = make_app("registry-sync", Health()), free_port()
    (routes,) = bench.assembly.operating
    routes(app, Operators(verifier))
    config = uvicorn.Config(app, host="127.0.0.1", port=port, log_config=None, lifespan="off")
    server = uvicorn.Server(config)
    tasks = [asyncio.create_task(server._serve()), asyncio.create_task(bench.reconciler.run())]
    while not server.started:
        await asyncio.sleep(0.01)
    # The run of the day, of nothing yet, is not in the tests' way.
    await until(lambda: _has_finished(bench))
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    tasks[1].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _has_finished(bench: Compared) -> bool:
    sql = "SELECT count(*) = 1 FROM reconciliation WHERE finished_at IS NOT NULL"
    return bool(await bench.pool.fetchval(sql))


@dataclass
class Console:
    """The command line of an operator, and the service it asks."""

    bench: Compared
    url: str
    tokens: dict[str, str]

    async def run(self, *arguments: str) -> Result:
        """Run a command in the operator's name."""
        runner = CliRunner(env={"COLUMNS": "250", "HOTICH_TOKEN": self.tokens["operator"]})
        found = ["reconcile", *arguments, "--at", f"registry-sync={self.url}"]
        return await asyncio.to_thread(runner.invoke, build(), found)

    async def ask(self, method: str, path: str, who: str, **how: Any) -> tuple[int, Any]:
        """Return what the service answers to that client."""
        headers = {"authorization": f"Bearer {self.tokens[who]}"} if who else {}
        async with (
            aiohttp.ClientSession() as session,
            session.request(method, self.url + path, headers=headers, **how) as response,
        ):
            return response.status, await response.json(content_type=None)


@pytest.fixture
async def console(database: str, issuer: Any) -> AsyncIterator[Console]:
    verifier, tokens = issuer
    async with (
        comparing(database, RegisterDouble()) as bench,
        served(bench, verifier) as url,
    ):
        yield Console(bench, url, tokens)


async def test_given_differences_when_run_then_the_exit_code_tells_and_the_report_has_each(
    console: Console, tmp_path: Path
):
    bench = console.bench
    vanished, taken = await bench.has("registered"), await bench.has("pushed")
    lost, fine = await bench.has("pushed", form=FORM), await bench.has("registered")
    bench.says(taken, 4)
    bench.says(fine, 4, ketQuaXuLy=LINE)

    ran = await console.run("run", "--scope", "all")
    html, table = tmp_path / "report.html", tmp_path / "report.csv"
    reported = await console.run("report", "--html", str(html), "--csv", str(table))
    shown = await console.run("show")

    assert (ran.exit_code, reported.exit_code, shown.exit_code) == (2, 2, 0)
    assert "all" in shown.output
    with table.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    by_code = {row["Mã hồ sơ"]: row for row in rows}
    assert set(by_code) == {vanished.code, taken.code, lost.code}
    assert by_code[vanished.code]["Việc cần làm"].startswith("Đề nghị cơ quan đăng ký")
    assert by_code[vanished.code]["Tỉnh, thành phố"] == "Hồ Chí Minh"
    assert by_code[taken.code]["Cách sửa"].startswith("Đã lấy kết quả")
    assert by_code[lost.code]["Cách sửa"].startswith("Đã gửi lại hồ sơ; lần đối soát sau")
    sides = {(row["Hệ thống một cửa"], row["Phần mềm hộ tịch"]) for row in rows}
    assert ("đã đăng ký", "không có hồ sơ") in sides
    page = html.read_text(encoding="utf-8")
    assert page.count("<table>") == page.count("</table>") == 1
    assert all(one.code in page for one in (vanished, taken, lost))
    assert fine.code not in page
    assert "Hồ Chí Minh" in page


async def test_given_nothing_differs_when_run_then_exit_0_and_the_report_says_so(
    console: Console, tmp_path: Path
):
    ran = await console.run("run")
    reported = await console.run("report", "--html", str(tmp_path / "report.html"))

    assert (ran.exit_code, reported.exit_code) == (0, 0)
    assert "Không có sai lệch." in (tmp_path / "report.html").read_text(encoding="utf-8")


async def test_given_a_run_under_way_when_asked_again_then_409_names_it(console: Console):
    async with console.bench.pool.acquire() as conn:
        await lanes.pause(conn, "register", "", by="operator", reason="upkeep")
    await console.run("run", "--no-wait")

    status, problem = await console.ask("POST", PATH, "operator", json={"scope": "all"})
    async with console.bench.pool.acquire() as conn:
        run = await reconciling.open_run(conn, "register")
        await lanes.resume(conn, "register")

    assert run is not None
    assert (status, problem["run_id"]) == (409, str(run.run_id))


@pytest.mark.parametrize(("who", "status"), [("", 401), ("national-portal", 403)])
async def test_given_no_operator_then_nothing_is_begun_nor_shown(
    console: Console, who: str, status: int
):
    some = "00000000-0000-0000-0000-000000000001"
    asked = [("POST", PATH), ("GET", PATH), ("GET", f"{PATH}/{some}")]
    asked.append(("GET", f"{PATH}/{some}/differences"))

    assert [(await console.ask(*one, who, json={}))[0] for one in asked] == [status] * 4


async def test_given_what_is_not_there_then_a_problem_says_so(console: Console):
    some = "00000000-0000-0000-0000-000000000001"

    assert (await console.ask("GET", f"{PATH}/{some}", "operator"))[0] == 404
    assert (await console.ask("GET", f"{PATH}/{some}/differences", "operator"))[0] == 404
    refused = await console.ask("POST", PATH, "operator", json={"neighbour": "moon"})
    assert (refused[0], refused[1]["type"].rsplit("/")[-1]) == (422, "no-such-neighbour")
    failed = await console.run("run", "--neighbour", "moon")
    assert isinstance(failed.exception, Failed)
