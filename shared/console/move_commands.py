"""`hotich move`: how far each province is on its way to the portals, and setting its next state."""

import csv
import shutil
import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError
from rich.console import Console
from rich.table import Table as Grid

import reference
from console.failing import Failed
from console.sources import day, opened
from reference import Move, MoveState, Reference

app = typer.Typer(no_args_is_help=True, help="The move from the direct form to the portals.")

FILE = "moves.csv"
ONE_DAY = timedelta(days=1)
DIRECT = "moj-direct"
On = Annotated[str | None, typer.Option(help="the day, 2021-11-15; today by default")]
Folder = Annotated[Path | None, typer.Option(help="a folder of the same files instead of ours")]


@app.command()
def show(on: On = None, data: Folder = None) -> None:
    """Print the state of every province that moves, since when, and the days the old form has."""
    known, today = opened(data), day(on)
    grid = Grid("province", "state", "since", "grace", "direct form until", "days left")
    provinces = sorted({row.province_code for row in known.moves})
    for province in provinces:
        grid.add_row(*_line(known, province, today))
    console = Console()
    console.print(grid)
    found = (known.move(province, today) for province in provinces)
    for reason in dict.fromkeys(f"{row.state}: {row.reason}" for row in found if row):
        console.print(reason, highlight=False)


@app.command(name="set")
def set_state(
    province: Annotated[str, typer.Argument(help="the province's code, 79")],
    state: Annotated[MoveState, typer.Argument()],
    starting: Annotated[str, typer.Option("--from", help="the first day of that state")],
    reason: Annotated[str, typer.Option(help="why; it stands in the row")],
    source: Annotated[str, typer.Option(help="the decision it rests on")],
    data: Annotated[Path, typer.Option(help="the folder of reference data to change")],
    grace_days: Annotated[int, typer.Option(help="portal-only: days for what is under way")] = 0,
    dry_run: Annotated[bool, typer.Option(help="print the rows and change nothing")] = False,
) -> None:
    """Add a state to a province's move: on to the portals, or back (a rollback is a row too).

    The rows before stay as they are; the one that is open ends the day before. The data are
    checked whole before anything is written.
    """
    known, first = opened(data), day(starting)
    rows = known.moves.history(province)
    if not rows:
        raise Failed(f"province {province} does not move; no row of {FILE} has it")
    changed = _with(rows, province, state, first, reason, source, grace_days)
    _write_checked(data, province, changed, dry_run=dry_run)
    for row in changed:
        grace = f", {row.grace_days} days of grace" if row.grace_days else ""
        typer.echo(f"{row.valid_from} .. {row.valid_to or ''}  {row.state}{grace}  {row.reason}")
    typer.echo("Nothing was written." if dry_run else f"Written to {FILE}.")


def _line(known: Reference, province: str, on: date) -> tuple[str, ...]:
    name = known.provinces.last(province) or known.province(province, on)
    label = f"{province} {name.name if name else ''}"
    move = known.move(province, on)
    if move is None:
        return (label, "no such province on that day", "", "", "", "")
    last = _last_direct_day(known, province, on)
    left = "" if last is None else str((last - on).days)
    since = move.valid_from.isoformat()
    grace = f"{move.grace_days} days" if move.grace_days else ""
    return (label, move.state.value, since, grace, last.isoformat() if last else "", left)


def _last_direct_day(known: Reference, province: str, on: date) -> date | None:
    """Return the last day on which the direct form may submit, None if it may not any more."""
    if known.may_submit(DIRECT, province, on) is not None:
        return None
    last = on
    while known.may_submit(DIRECT, province, last + ONE_DAY) is None:
        last += ONE_DAY
    return last


def _with(
    rows: tuple[Move, ...],
    province: str,
    state: MoveState,
    first: date,
    reason: str,
    source: str,
    grace_days: int,
) -> list[Move]:
    """Return the rows with one more: later ones go, the one of that day ends the day before."""
    kept = [row for row in rows if row.valid_from < first]
    ends = [row.valid_to for row in rows if row.is_valid(first)]
    if any(row.state is state and row.is_valid(first) for row in rows):
        raise Failed(f"{province} is {state} on {first} already")
    if not kept:
        raise Failed(f"{first} is before the first row of {province}")
    until = rows[-1].valid_to if not ends else ends[0]
    later = [row for row in rows if row.valid_from > first]
    if kept[-1].is_valid(first):
        kept[-1] = kept[-1].model_copy(update={"valid_to": first - ONE_DAY})
    try:
        added = Move(
            province_code=province,
            state=state,
            grace_days=grace_days,
            reason=reason,
            valid_from=first,
            valid_to=until,
            source=source,
            confidence=reference.Confidence.FOUND,
        )
    except ValidationError as error:
        told = error.errors(include_url=False, include_input=False, include_context=False)
        facts = (f"{'.'.join(map(str, one['loc']))} {one['msg']}".strip() for one in told)
        raise Failed("; ".join(facts)) from None
    return [*kept, added, *later]


def _write_checked(folder: Path, province: str, changed: list[Move], *, dry_run: bool) -> None:
    """Write the file, unless the data would not hold with it; raises Failed then."""
    with tempfile.TemporaryDirectory() as scratch:
        tried = Path(scratch) / "data"
        shutil.copytree(folder, tried)
        _write(tried / FILE, province, changed)
        try:
            reference.load_from(tried)
        except reference.BadReferenceData as bad:
            raise Failed(f"not written: {bad}") from None
        if not dry_run:
            # Whoever reads meanwhile sees the old file or the new one, whole.
            fresh = folder / f".{FILE}.new"
            shutil.copyfile(tried / FILE, fresh)
            fresh.replace(folder / FILE)


def _write(path: Path, province: str, changed: list[Move]) -> None:
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        names, rows = list(reader.fieldnames or ()), list(reader)
    made = [row.model_dump(mode="json") for row in changed]
    texts = [{n: "" if cells[n] is None else str(cells[n]) for n in names} for cells in made]
    # In its place, so that a reviewer sees one change and not a moved block.
    at = next(n for n, row in enumerate(rows) if row["province_code"] == province)
    others = [row for row in rows if row["province_code"] != province]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names, lineterminator="\n")
        writer.writeheader()
        writer.writerows([*others[:at], *texts, *others[at:]])
