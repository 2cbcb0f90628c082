"""`hotich legacy`: brings dossiers that are under way on the old road into the new one."""

import asyncio
import json
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

from console import services
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
    token: services.Token = "",
    stack: services.Stack = services.STACK,
) -> None:
    """Import a file; exit 0 if every row is in, 2 if rows are bad."""
    if file.suffix.lower() not in TYPES:
        raise Failed(f"{file.name}: neither .csv nor .xlsx")
    if not file.is_file():
        raise Failed(f"{file}: no such file")
    asked = {"dry_run": _flag(dry_run), "good_rows_only": _flag(good_rows_only)}
    at = services.find(stack, {"intake": intake} if intake else {}, token)
    found = asyncio.run(_send(file.read_bytes(), TYPES[file.suffix.lower()], asked, at))
    if report is not None:
        report.write_text(json.dumps(found, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _print(Console(), found)
    raise typer.Exit(2 if found["bad"] else 0)


def _flag(value: bool) -> str:
    return "true" if value else "false"


async def _send(
    content: bytes, media_type: str, asked: dict[str, str], at: services.Services
) -> dict[str, Any]:
    """Return the report; raises Failed for an answer that is none."""
    headers = {"content-type": media_type}
    path = "/v1/legacy-imports"
    async with services.asking(at, timeout_seconds=600) as intake:
        status, document = await intake.ask(
            "intake", "POST", path, params=asked, headers=headers, data=content
        )
    if not isinstance(document, dict) or "rows" not in document:
        raise Failed(f"the intake refuses the file ({status}): {services.why(document)}")
    return document


def _print(console: Console, found: dict[str, Any]) -> None:
    problems = found.get("problems", [])
    if problems:
        grid = Grid("row", "column", "rule", "detail", "source")
        for one in problems[:MOST_PROBLEMS]:
            grid.add_row(
                *(Text(str(one[name])) for name in ("row", "column", "rule", "detail", "source"))
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
