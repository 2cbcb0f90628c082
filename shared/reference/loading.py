"""Loading the reference data: once per process, complete and checked, or not at all."""

import hashlib
import os
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import fields
from functools import lru_cache
from pathlib import Path

from reference import checks
from reference.act_rows import ActReason, Move, Redirection, SlipForm
from reference.calendar import EVERY_PROVINCE, calendars_of
from reference.calendar_rows import CalendarDay, TimeLimit, WorkingHours
from reference.channels import permission_key
from reference.lookups import Reference, act_key, limit_key
from reference.needs import check_needs
from reference.procedure_rows import Paper, Procedure
from reference.rows import (
    ChannelPermission,
    Confidence,
    LawfulWay,
    Province,
    ReturnReason,
    Status,
    Unit,
)
from reference.tables import BadReferenceData, Table, read_table

DATA = Path(__file__).parent / "data"
FOLDER = "REFERENCE_DATA"


def load() -> Reference:
    """Return the reference data, the same value every time.

    They are those of the folder the environment variable REFERENCE_DATA names, which holds every
    file this package ships, or else the ones this package ships. Raises BadReferenceData, naming
    file and rows, if they contradict themselves.
    """
    return _load_once(Path(os.environ.get(FOLDER) or DATA))


@lru_cache(maxsize=2)
def _load_once(folder: Path) -> Reference:
    return load_from(folder)


def load_from(folder: Path) -> Reference:
    """Return the reference data in a folder; raises BadReferenceData as `load` does."""
    if not folder.is_dir():
        raise BadReferenceData(str(folder), [], "there is no such folder of reference data")
    units = read_table(folder / "units.csv", Unit, lambda row: row.code)
    days = read_table(folder / "calendar_days.csv", CalendarDay, _province_of_day)
    hours = read_table(folder / "working_hours.csv", WorkingHours, lambda row: row.province_code)
    checks.check_open(hours, EVERY_PROVINCE)
    reference = Reference(
        version=_version(folder),
        procedures=read_table(folder / "procedures.csv", Procedure, lambda row: row.code),
        provinces=read_table(folder / "provinces.csv", Province, lambda row: row.code),
        units=units,
        channels=read_table(folder / "channels.csv", ChannelPermission, _permission_key),
        lawful_ways=read_table(folder / "lawful_ways.csv", LawfulWay, lambda row: row.key),
        return_reasons=read_table(folder / "return_reasons.csv", ReturnReason, lambda r: r.code),
        statuses=read_table(folder / "statuses.csv", Status, lambda row: str(row.code)),
        units_by_province=_by_province(units),
        time_limits=read_table(folder / "time_limits.csv", TimeLimit, _limit_key),
        calendar_days=days,
        working_hours=hours,
        calendars=calendars_of(days, hours),
        act_reasons=read_table(folder / "act_reasons.csv", ActReason, _act_key),
        redirections=read_table(folder / "redirections.csv", Redirection, lambda row: row.key),
        moves=read_table(folder / "moves.csv", Move, lambda row: row.province_code),
        papers=read_table(folder / "papers.csv", Paper, lambda row: row.code),
        slip_forms=read_table(folder / "slip_forms.csv", SlipForm, lambda row: row.key),
    )
    checks.check(reference)
    check_needs(reference)
    _refuse_strangers(folder, reference)
    return reference


def counts(reference: Reference | None = None) -> dict[str, dict[str, int]]:
    """Return how many rows each table has by confidence; by default of the data `load` gives.

    A table is named as its file without the ending; a confidence no row has is left out.
    """
    return {table.name: _by_confidence(table) for table in _tables(reference or load())}


def _tables(reference: Reference) -> Iterator[Table[Procedure]]:
    values = (getattr(reference, field.name) for field in fields(reference))
    return (value for value in values if isinstance(value, Table))


def _refuse_strangers(folder: Path, reference: Reference) -> None:
    """Raise BadReferenceData for a file nobody reads: its rows would be lost without a word."""
    known = {table.file for table in _tables(reference)}
    for path in sorted(folder.glob("*.csv")):
        if path.name not in known:
            raise BadReferenceData(path.name, [1], "there is no table of this name")


def _by_confidence(table: Table[Procedure]) -> dict[str, int]:
    counted = Counter(row.confidence for row in table)
    return {str(one): counted[one] for one in Confidence if counted[one]}


def _permission_key(row: ChannelPermission) -> str:
    return permission_key(row.channel, row.province_code)


def _province_of_day(row: CalendarDay) -> str:
    return row.province_code or EVERY_PROVINCE


def _limit_key(row: TimeLimit) -> str:
    return limit_key(row.stage, row.procedure_code)


def _act_key(row: ActReason) -> str:
    return act_key(row.act, row.code)


def _by_province(units: Iterable[Unit]) -> dict[str, tuple[Unit, ...]]:
    grouped: dict[str, list[Unit]] = defaultdict(list)
    for unit in units:
        grouped[unit.province_code].append(unit)
    return {code: tuple(of_province) for code, of_province in grouped.items()}


def _version(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(folder.glob("*.csv")):
        content = path.read_bytes()
        digest.update(f"{path.name}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()[:12]
