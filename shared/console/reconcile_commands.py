"""`hotich reconcile`: compare a service with its neighbour now, and report what differs."""

import asyncio
from collections.abc import AsyncIterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as Grid

from console import reconciliation_report, services
from console.failing import Failed
from console.services import Asking
from contracts.reconciliation import Difference, Reconciliation

app = typer.Typer(no_args_is_help=True, help="Compare with the register, and what differs.")

PATH = "/v1/reconciliations"
#: Exit code when something differs that a person must look at.
SOME_LEFT = 2
_WAIT_SECONDS = 0.5
_MOST_SHOWN = 50

Of = Annotated[str, typer.Option("--service", help="the service that compares itself")]
RunId = Annotated[str, typer.Argument(help="its id; the last comparison if left out")]
Neighbour = Annotated[str, typer.Option(help="with whom; needed where there are several")]
Html = Annotated[Path | None, typer.Option("--html", help="write the report as one HTML page")]
Csv = Annotated[Path | None, typer.Option("--csv", help="write it as CSV for a spreadsheet")]


class Extent(StrEnum):
    """What is compared."""

    changed = "changed"
    all = "all"


@app.callback()
def reconcile() -> None:
    """Compare with the register, and show or report what differs."""


@services.command(app, "run")
async def run_now(
    asking: Asking,
    scope: Annotated[Extent, typer.Option(help="what changed or is open, or all")] = Extent.changed,
    neighbour: Neighbour = "",
    wait: Annotated[bool, typer.Option(help="wait until it is finished")] = True,
    service: Of = "registry-sync",
) -> int:
    """Compare now; exit 2 if something is left for a person. One under way is followed instead."""
    asked = {"neighbour": neighbour, "scope": scope.value}
    status, document = await asking.ask(service, "POST", PATH, json=asked)
    run_id = document.get("run_id") if isinstance(document, dict) else None
    if status not in (202, 409) or run_id is None:
        raise Failed(f"{service} refuses ({status}): {services.why(document)}")
    if status == 409:
        typer.echo("One is under way; it is followed.", err=True)
    made = await _read(asking, service, str(run_id))
    while wait and made.finished_at is None:
        await asyncio.sleep(_WAIT_SECONDS)
        made = await _read(asking, service, str(run_id))
    _print(Console(), [made])
    return _code(made)


@services.command(app)
async def show(
    asking: Asking,
    run_id: RunId = "",
    neighbour: Neighbour = "",
    service: Of = "registry-sync",
) -> int:
    """List the last comparisons, or show what one of them found."""
    console = Console()
    if not run_id:
        found = await asking.told(service, "GET", PATH, params={"neighbour": neighbour})
        _print(console, [Reconciliation.model_validate(one) for one in found])
        return 0
    _print(console, [await _read(asking, service, run_id)])
    grid = Grid("reference", "kind", "ours", "theirs", "since", "repair", "repaired")
    shown = 0
    async for one in _differences(asking, service, run_id):
        shown += 1
        if shown > _MOST_SHOWN:
            break
        repaired = f"{one.repaired_at:%Y-%m-%d %H:%M}" if one.repaired_at else ""
        since = f"{one.found_at:%Y-%m-%d %H:%M}"
        cells = (one.reference, one.kind, one.ours, one.theirs, since, one.repair, repaired)
        grid.add_row(*cells)
    console.print(grid)
    if shown > _MOST_SHOWN:
        console.print("... and more; `hotich reconcile report` writes them all.")
    return 0


def _goes_somewhere(*, html: Path | None, csv: Path | None, **_: object) -> None:
    if html is None and csv is None:
        raise Failed("say where to write: --html report.html, --csv report.csv, or both")


@services.command(app, check=_goes_somewhere)
async def report(
    asking: Asking,
    run_id: RunId = "",
    html: Html = None,
    csv: Csv = None,
    neighbour: Neighbour = "",
    service: Of = "registry-sync",
) -> int:
    """Write what a comparison found, in Vietnamese, for officers; exit 2 if some is left to do."""
    made = await _chosen(asking, service, run_id, neighbour)
    for path, write in (
        (html, reconciliation_report.as_html),
        (csv, reconciliation_report.as_csv),
    ):
        if path is not None:
            rows = _differences(asking, service, str(made.run_id))
            with path.open("w", encoding=reconciliation_report.ENCODING, newline="") as file:
                await write(made, rows, file)
    _print(Console(), [made])
    return _code(made)


async def _chosen(asking: Asking, service: str, run_id: str, neighbour: str) -> Reconciliation:
    if run_id:
        return await _read(asking, service, run_id)
    how = {"neighbour": neighbour, "limit": "1"}
    found = await asking.told(service, "GET", PATH, params=how)
    if not found:
        raise Failed("nothing was compared yet; `hotich reconcile run` does")
    return Reconciliation.model_validate(found[0])


async def _read(asking: Asking, service: str, run_id: str) -> Reconciliation:
    return Reconciliation.model_validate(await asking.told(service, "GET", f"{PATH}/{run_id}"))


async def _differences(asking: Asking, service: str, run_id: str) -> AsyncIterator[Difference]:
    after = ""
    while True:
        path = f"{PATH}/{run_id}/differences"
        page: dict[str, Any] = await asking.told(service, "GET", path, params={"after": after})
        for one in page["differences"]:
            yield Difference.model_validate(one)
        after = page["next"]
        if not after:
            return


def _code(run: Reconciliation) -> int:
    return SOME_LEFT if sum(run.differences.values()) > run.repaired else 0


def _print(console: Console, runs: list[Reconciliation]) -> None:
    grid = Grid(
        "id", "with", "scope", "by", "started", "finished", "compared", "differs", "repaired"
    )
    for one in runs:
        finished = f"{one.finished_at:%Y-%m-%d %H:%M}" if one.finished_at else "under way"
        differs = ", ".join(f"{kind} {count}" for kind, count in one.differences.items()) or "0"
        grid.add_row(
            *(str(one.run_id), one.neighbour, one.scope, one.asked_by),
            *(f"{one.started_at:%Y-%m-%d %H:%M}", finished, str(one.compared), differs),
            str(one.repaired),
        )
    console.print(grid)
