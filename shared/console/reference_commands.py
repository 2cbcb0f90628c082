"""`hotich reference`: what is valid on a day, whether the data hold, what a change alters."""

import json
from collections import Counter
from collections.abc import Mapping
from datetime import date, datetime, time
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table as Grid

import reference
from console.changes import effects, row_changes
from console.failing import Failed
from console.outlook import differences, outlook
from console.sources import day, opened, table
from contracts.model import VIETNAM

app = typer.Typer(no_args_is_help=True, help="The law as dated data.")

Folder = Annotated[Path | None, typer.Option(help="a folder of the same files instead of ours")]
On = Annotated[str | None, typer.Option(help="the day, 2026-11-24; today by default")]
MORNING = time(9, 0, tzinfo=VIETNAM)
MOST_EFFECTS = 60


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="[TABLE]", help="without one: all, counted")] = "",
    on: On = None,
    key: Annotated[str, typer.Option(help="rows whose key begins so")] = "",
    as_json: Annotated[bool, typer.Option("--json", help="one JSON document per row")] = False,
    data: Folder = None,
) -> None:
    """Print the rows of a table that are valid on a day."""
    known, console = opened(data), Console()
    if not name:
        console.print(_counts(known))
        return
    rows = [
        (place, row)
        for place, row in table(known, name).keyed()
        if row.is_valid(day(on)) and place.startswith(key)
    ]
    if as_json:
        for _, row in rows:
            typer.echo(json.dumps(row.model_dump(mode="json"), ensure_ascii=False))
        return
    if not rows:
        raise Failed(f"nothing in {name} is valid on {day(on)}" + (f" for {key}" if key else ""))
    _print_rows(console, [(place, row.model_dump(mode="json")) for place, row in rows])
    console.print(f"{len(rows)} rows of {name} on {day(on)}, version {known.version}")


@app.command()
def check(
    folder: Annotated[Path | None, typer.Argument(help="ours, without one")] = None,
) -> None:
    """Check a folder of reference data; exit 1 with the file, the rows and the fact."""
    known = opened(folder)
    console = Console()
    console.print(_counts(known))
    console.print(f"The data hold. Version {known.version}.")


@app.command()
def diff(
    old: Annotated[Path, typer.Argument(help="the folder as it was")],
    new: Annotated[Path | None, typer.Argument(help="as it is; ours, without one")] = None,
) -> None:
    """Print what differs between two folders, and what is decided otherwise because of it.

    Exit 0 when they say the same, 3 when they do not.
    """
    before, after, console = opened(old), opened(new), Console()
    changes = row_changes(before, after)
    if not changes:
        console.print("They say the same.")
        return
    grid = Grid("table", "key", "from", "what", title=f"{len(changes)} rows differ")
    for change in changes:
        grid.add_row(change.table, change.key, change.valid_from.isoformat(), change.what)
    console.print(grid)
    found = list(islice(effects(before, after, changes), MOST_EFFECTS + 1))
    altered = Grid("day", "what", "fact", "before", "after", title="What that alters")
    for one in found[:MOST_EFFECTS]:
        altered.add_row(one.on.isoformat(), one.name, one.fact, one.before, one.after)
    console.print(altered if found else "Nothing is decided otherwise on the days they changed.")
    if len(found) > MOST_EFFECTS:
        console.print(f"... and more; the first {MOST_EFFECTS} are shown.")
    raise typer.Exit(3)


@app.command()
def whatif(
    files: Annotated[list[Path], typer.Argument(help="JSON: submissions, or lists of them")],
    on: Annotated[str, typer.Option(help="the day whose law is tried, 2027-03-01")],
    today: Annotated[str | None, typer.Option(help="the day it is compared with")] = None,
    channel: Annotated[str, typer.Option(help="how they were handed in")] = "national-portal",
    data: Folder = None,
) -> None:
    """Print what another day's law would change for submissions received on that day at 09:00."""
    submissions = {
        str(one.get("portal_reference", f"{file.name}#{n}")): (one, channel)
        for file in files
        for n, one in enumerate(_submissions(file), 1)
    }
    print_whatif(Console(), opened(data), submissions, (day(today), day(on)))


def print_whatif(
    console: Console,
    known: reference.Reference,
    submissions: Mapping[str, tuple[Mapping[str, Any], str]],
    days: tuple[date, date],
) -> None:
    """Print where the laws of two days differ for submissions received on the second at 09:00.

    `submissions` gives each document with its channel, by the name to print.
    """
    at = datetime.combine(days[1], MORNING)
    found = [
        one
        for name, (submission, channel) in submissions.items()
        for one in differences(
            name,
            outlook(known, submission, channel, at, days[0]),
            outlook(known, submission, channel, at, days[1]),
        )
    ]
    grid = Grid("submission", "fact", f"law of {days[0]}", f"law of {days[1]}")
    for one in found:
        grid.add_row(one.name, one.fact, one.before, one.after)
    console.print(grid)
    facts = Counter(one.fact for one in found)
    console.print(", ".join(f"{fact} {count}" for fact, count in facts.items()))
    touched = len({one.name for one in found if one.fact != "because"})
    console.print(f"{touched} of {len(submissions)} submissions would fare otherwise.")


def _submissions(file: Path) -> list[dict[str, Any]]:
    try:
        document = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise Failed(f"{file.name}: {error}") from None
    listed = document if isinstance(document, list) else [document]
    found = [one.get("submission", one) if isinstance(one, dict) else None for one in listed]
    needed = ("procedure_code", "province_code", "unit_code", "residence_unit_code")
    for number, one in enumerate(found, 1):
        missing = [name for name in needed if not isinstance(one, dict) or name not in one]
        if missing:
            raise Failed(f"{file.name}, submission {number}: {', '.join(missing)} missing")
    return [one for one in found if one is not None]


def _counts(known: reference.Reference) -> Grid:
    grid = Grid("table", "rows", *(c.value for c in reference.Confidence), title="Rows")
    for name, rows in reference.counts(known).items():
        cells = [str(rows.get(c.value, 0) or "") for c in reference.Confidence]
        grid.add_row(name.removesuffix(".csv"), str(sum(rows.values())), *cells)
    return grid


def _print_rows(console: Console, rows: list[tuple[str, dict[str, Any]]]) -> None:
    """Print a table if it fits the terminal, else each row as lines under its key."""
    shown = [name for name in rows[0][1] if any(_text(row[name]) for _, row in rows)]
    widest = {name: max(len(name), *(len(_text(row[name])) for _, row in rows)) for name in shown}
    if sum(widest.values()) + 3 * len(shown) <= console.width:
        grid = Grid(*shown)
        for _, row in rows:
            grid.add_row(*(_text(row[name]) for name in shown))
        console.print(grid)
        return
    for place, row in rows:
        console.print(f"[bold]{place}[/bold]")
        for name in shown:
            if text := _text(row[name]):
                console.print(f"  {name:<18} {text}", highlight=False)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return " ".join(_text(one) for one in value)
    return "" if value is None else str(value)
