"""The report of a comparison for officers: HTML and CSV, written row by row."""

import csv
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import datetime
from typing import TextIO

from jinja2 import Environment, PackageLoader, StrictUndefined

import reference
from console import reconciliation_words as words
from contracts.model import VIETNAM
from contracts.reconciliation import Difference, Reconciliation
from reference import Reference

#: Spreadsheets take a CSV for Vietnamese text only by its mark; browsers do not mind it.
ENCODING = "utf-8-sig"
_ENVIRONMENT = Environment(
    loader=PackageLoader("console", "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    enable_async=True,
)
_NOWHERE = "Chưa rõ đơn vị"
_COLUMNS_BEFORE = ("Tỉnh, thành phố", "Đơn vị", "Mã hồ sơ", "Sai lệch")
_COLUMNS_AFTER = ("Phát hiện từ", "Đã sửa lúc", "Cách sửa", "Việc cần làm")
_SCOPES = {"changed": "hồ sơ đang mở, có thay đổi và đến lượt", "all": "toàn bộ hồ sơ"}


@dataclass(frozen=True)
class Row:
    """A difference in words; `opens_…`: the first one of its province, of its unit."""

    province: str
    unit: str
    reference: str
    kind: str
    ours: str
    theirs: str
    since: str
    repaired_at: str
    repaired: str
    to_do: str
    opens_province: bool
    opens_unit: bool

    @property
    def cells(self) -> tuple[str, ...]:
        """Return the cells of its line."""
        return (
            *(self.province, self.unit, self.reference, self.kind, self.ours, self.theirs),
            *(self.since, self.repaired_at, self.repaired, self.to_do),
        )


async def as_html(run: Reconciliation, found: AsyncIterator[Difference], file: TextIO) -> None:
    """Write the report as one page that loads nothing from anywhere else."""
    found_count = sum(run.differences.values())
    pieces = _ENVIRONMENT.get_template("reconciliation.html").generate_async(
        run=run,
        rows=_rows(found, run.neighbour),
        ours=words.OURS,
        theirs=words.theirs(run.neighbour),
        neighbour=_neighbour(run.neighbour),
        scope=_SCOPES[run.scope],
        started=_moment(run.started_at),
        finished=_moment(run.finished_at),
        kinds=[(words.kind(kind, run.neighbour), count) for kind, count in run.differences.items()],
        found=found_count,
        left=found_count - run.repaired,
    )
    async for piece in pieces:
        file.write(piece)


async def as_csv(run: Reconciliation, found: AsyncIterator[Difference], file: TextIO) -> None:
    """Write the report as CSV, one line per difference; no cell is taken for a formula."""
    writer = csv.writer(file)
    writer.writerow((*_COLUMNS_BEFORE, words.OURS, words.theirs(run.neighbour), *_COLUMNS_AFTER))
    async for row in _rows(found, run.neighbour):
        writer.writerow(
            [f"'{cell}" if cell[:1] in "=+-@\t\r" and cell else cell for cell in row.cells]
        )


async def _rows(found: AsyncIterator[Difference], neighbour: str) -> AsyncIterator[Row]:
    known = reference.load()
    before: tuple[str, str] | None = None
    async for one in found:
        province, unit = _province(known, one), _unit(known, one)
        opens_province = before is None or province != before[0]
        yield Row(
            province=province,
            unit=unit,
            reference=one.reference,
            kind=words.kind(one.kind, neighbour),
            ours=words.state(known, one, one.ours),
            theirs=words.state(known, one, one.theirs),
            since=_moment(one.found_at),
            repaired_at=_moment(one.repaired_at),
            repaired=words.repaired(one),
            to_do=words.to_do(one, neighbour),
            opens_province=opens_province,
            opens_unit=opens_province or before is None or unit != before[1],
        )
        before = province, unit


def _province(known: Reference, one: Difference) -> str:
    on = one.found_at.astimezone(VIETNAM).date()
    unit = known.unit(one.unit_code, on) or known.units.last(one.unit_code)
    code = one.province_code or (unit.province_code if unit else "")
    row = known.province(code, on) or known.provinces.last(code)
    return row.name if row else code or _NOWHERE


def _unit(known: Reference, one: Difference) -> str:
    on = one.found_at.astimezone(VIETNAM).date()
    row = known.unit(one.unit_code, on) or known.units.last(one.unit_code)
    return row.name if row else one.unit_code or _NOWHERE


def _neighbour(name: str) -> str:
    called = words.theirs(name)
    return f"{called} dùng chung" if name == words.REGISTER else f"{called} {name}"


def _moment(at: datetime | None) -> str:
    return at.astimezone(VIETNAM).strftime("%d/%m/%Y %H:%M") if at else ""
