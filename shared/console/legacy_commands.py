"""`hotich legacy`: brings dossiers that are under way on the old road into the new one."""

import asyncio
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import aiohttp
import typer
from rich.console import Console
from rich.table import Table as Grid

from console.failing import Failed

app = typer.Typer(no_args_is_help=True, help="Dossiers under way on the old road.")

TYPES = {
    ".csv": "text/csv",
    ".xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
MOST_PROBLEMS = 50


@app.callback()
def legacy() -> None:
    """Bring dossiers that are under way on the old road into the new one."""


@app.command(name="import")
def import_file(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX; columns in docs/move.md")],
    dry_run: Annotated[bool, typer.Option(help="check and report, change nothing")] = False,
    good_rows_only: Annotated[bool, typer.Option(help="take the good rows, leave the bad")] = False,
    report: Annotated[Path | None, typer.Option(help="write the whole report as JSON")] = None,
    intake: Annotated[str, typer.Option(envvar="INTAKE_URL", help="the intake's address")] = "",
    token: Annotated[str, typer.Option(envvar="HOTICH_TOKEN", help="a token to operate")] = "",
    stack: Annotated[
        Path, typer.Option(help="a local stack's status document, instead of both")
    ] = Path(".local/run/status.json"),
) -> None:
    """Import a file; exit 0 if every row is in, 2 if rows are bad."""
    if file.suffix.lower() not in TYPES:
        raise Failed(f"{file.name}: neither .csv nor .xlsx")
    if not file.is_file():
        raise Failed(f"{file}: no such file")
    asked = {"dry_run": _flag(dry_run), "good_rows_only": _flag(good_rows_only)}
    at = _Intake(intake, token) if intake and token else _of_stack(stack, intake, token)
    found = asyncio.run(_send(file.read_bytes(), TYPES[file.suffix.lower()], asked, at))
    if report is not None:
        report.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _print(Console(), found)
    raise typer.Exit(2 if found["bad"] else 0)


@dataclass(frozen=True)
class _Intake:
    """Where to send, and the token, or else where an operator gets one."""

    url: str
    token: str = ""
    token_url: str = ""
    secret: str = ""


def _flag(value: bool) -> str:
    return "true" if value else "false"


async def _send(
    content: bytes, media_type: str, asked: dict[str, str], at: _Intake
) -> dict[str, Any]:
    """Return the report; raises Failed for an answer that is none."""
    try:
        async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=600)) as session:
            token = at.token or await _fresh_token(session, at)
            headers = {"authorization": f"Bearer {token}", "content-type": media_type}
            url = f"{at.url}/v1/legacy-imports"
            async with session.post(url, params=asked, headers=headers, data=content) as response:
                document = await response.json(content_type=None)
    except aiohttp.ClientError as error:
        raise Failed(f"the intake does not answer ({type(error).__name__})") from None
    if not isinstance(document, dict) or "rows" not in document:
        told = document if isinstance(document, dict) else {}
        why = told.get("detail") or told.get("title") or "no reason given"
        lines = [f"  {one['field']}: {one['detail']}" for one in told.get("errors", ())]
        status = f"the intake refuses the file ({response.status})"
        raise Failed("\n".join([f"{status}: {why}", *lines]))
    return document


async def _fresh_token(session: aiohttp.ClientSession, at: _Intake) -> str:
    basic = aiohttp.encode_basic_auth("operator", at.secret)
    data = {"grant_type": "client_credentials"}
    async with session.post(at.token_url, headers={"authorization": basic}, data=data) as response:
        return str((await response.json())["access_token"])


def _of_stack(stack: Path, intake: str, token: str) -> _Intake:
    """Return where the intake of the local stack is and how to get a token; raises Failed."""
    if not stack.is_file():
        raise Failed("give --intake and --token, or start a local stack with `make up`")
    status = json.loads(stack.read_text(encoding="utf-8"))
    secrets = json.loads((stack.parent / "secrets.json").read_text(encoding="utf-8"))
    return _Intake(
        intake or status["urls"]["intake"],
        token,
        f"{status['sandbox']['url']}/oauth/token",
        secrets["clients"]["operator"]["secret"],
    )


def _print(console: Console, found: dict[str, Any]) -> None:
    problems = found.get("problems", [])
    if problems:
        grid = Grid("row", "column", "rule", "detail", "source")
        for one in problems[:MOST_PROBLEMS]:
            grid.add_row(
                *(str(one[name]) for name in ("row", "column", "rule", "detail", "source"))
            )
        console.print(grid)
    more = max(len(problems) - MOST_PROBLEMS, 0) + int(found.get("problems_left_out", 0))
    if more:
        console.print(f"... and {more} more; --report writes what the intake listed.")
    for one in found.get("seeded", []):
        console.print(
            f"numbers of {one.get('unit_code')} on {one.get('day')} go on after {one.get('last')}"
        )
    names = ("rows", "good", "bad", "already", "imported")
    console.print(", ".join(f"{name} {found.get(name, 0)}" for name in names))
    if found.get("dry_run"):
        console.print("A dry run: nothing was changed.")
