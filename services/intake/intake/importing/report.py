"""What the operator hears of an import: counts, problems by row and column, counters raised."""

from datetime import date
from typing import Annotated

from pydantic import Field, StringConstraints

from contracts.model import Contract, UnitCode


class Trouble(Contract):
    """One thing wrong with a row, as a spreadsheet numbers it; never what a cell says."""

    row: int
    column: str
    rule: str
    detail: str
    source: str


class Seeded(Contract):
    """That a unit's numbers of a day go on after `last`."""

    unit_code: UnitCode
    day: date
    last: int


class Report(Contract):
    """What an import did, or in a dry run would do.

    `rows` = `good` + `already` + `bad`: new and without a problem, imported before with the same
    content, and with a problem. `imported` is what was written: nothing in a dry run, nothing when
    a row is bad unless only the good ones were wanted. `problems_left_out` were too many to list.
    """

    batch: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
    dry_run: bool
    good_rows_only: bool
    rows: int
    good: int
    imported: int
    already: int
    bad: int
    problems: tuple[Trouble, ...] = ()
    problems_left_out: Annotated[int, Field(ge=0)] = 0
    seeded: tuple[Seeded, ...] = ()
