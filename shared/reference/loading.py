"""Loading the reference data: once per process, complete and checked, or not at all."""

import hashlib
from collections import defaultdict
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

from reference.calendar import EVERY_PROVINCE, calendars_of
from reference.calendar_rows import CalendarDay, TimeLimit, WorkingHours
from reference.checks import (
    check_lawful_ways,
    check_provinces,
    check_statuses,
    check_units,
    check_working_hours,
)
from reference.lookups import ONLINE, Reference, limit_key, permission_key
from reference.rows import (
    ChannelPermission,
    LawfulWay,
    Procedure,
    Province,
    ReturnReason,
    Status,
    Unit,
)
from reference.tables import read_table

DATA = Path(__file__).parent / "data"


@lru_cache(maxsize=1)
def load() -> Reference:
    """Return the reference data that ship with this package, the same value every time.

    Raises BadReferenceData, naming file and rows, if they contradict themselves.
    """
    return load_from(DATA)


def load_from(folder: Path) -> Reference:
    """Return the reference data in a folder; raises BadReferenceData as `load` does."""
    provinces = read_table(folder / "provinces.csv", Province, lambda row: row.code)
    units = read_table(folder / "units.csv", Unit, lambda row: row.code)
    statuses = read_table(folder / "statuses.csv", Status, lambda row: str(row.code))
    lawful_ways = read_table(folder / "lawful_ways.csv", LawfulWay, lambda row: row.key)
    days = read_table(folder / "calendar_days.csv", CalendarDay, _province_of_day)
    hours = read_table(folder / "working_hours.csv", WorkingHours, lambda row: row.province_code)
    check_working_hours(hours, EVERY_PROVINCE)
    check_provinces(provinces)
    check_units(units, provinces)
    check_statuses(statuses)
    check_lawful_ways(lawful_ways, ONLINE)
    return Reference(
        version=_version(folder),
        procedures=read_table(folder / "procedures.csv", Procedure, lambda row: row.code),
        provinces=provinces,
        units=units,
        channels=read_table(folder / "channels.csv", ChannelPermission, _permission_key),
        lawful_ways=lawful_ways,
        return_reasons=read_table(folder / "return_reasons.csv", ReturnReason, lambda r: r.code),
        statuses=statuses,
        units_by_province=_by_province(units),
        time_limits=read_table(folder / "time_limits.csv", TimeLimit, _limit_key),
        calendar_days=days,
        working_hours=hours,
        calendars=calendars_of(days, hours),
    )


def _permission_key(row: ChannelPermission) -> str:
    return permission_key(row.channel, row.province_code)


def _province_of_day(row: CalendarDay) -> str:
    return row.province_code or EVERY_PROVINCE


def _limit_key(row: TimeLimit) -> str:
    return limit_key(row.stage, row.procedure_code)


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
