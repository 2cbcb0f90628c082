"""What must hold between rows: what one names, another must be, on the right day."""

from datetime import date, timedelta

from reference.calendar_rows import WorkingHours
from reference.rows import LawfulWay, Level, Province, Status, Unit
from reference.tables import BadReferenceData, Table

ONE_DAY = timedelta(days=1)


def check_provinces(provinces: Table[Province]) -> None:
    """Raise BadReferenceData if a successor is not a province on the day after."""
    for line, province in provinces.numbered():
        named = () if province.successor is None else (province.successor,)
        _check_successors(provinces, line, province, named)


def check_units(units: Table[Unit], provinces: Table[Province]) -> None:
    """Raise BadReferenceData if a unit names a province, district or successor there is not."""
    for line, unit in units.numbered():
        if provinces.on(unit.province_code, unit.valid_from) is None:
            fact = f"unknown province {unit.province_code} on {unit.valid_from}"
            raise BadReferenceData(units.file, [line], fact)
        if unit.district_code is not None:
            district = units.on(unit.district_code, unit.valid_from)
            if district is None or district.level is not Level.DISTRICT:
                fact = f"unknown district {unit.district_code} on {unit.valid_from}"
                raise BadReferenceData(units.file, [line], fact)
        _check_successors(units, line, unit, unit.successors)


def check_lawful_ways(ways: Table[LawfulWay], key: str) -> None:
    """Raise BadReferenceData if no row says what the lawful way of that name is."""
    if ways.last(key) is None:
        raise BadReferenceData(ways.file, [1], f"there is no row {key}")


def check_working_hours(hours: Table[WorkingHours], key: str) -> None:
    """Raise BadReferenceData if no row says when offices are open from now on and for ever."""
    if hours.on(key, date.max) is None:
        raise BadReferenceData(hours.file, [1], f"there is no open row {key}")


def check_statuses(statuses: Table[Status]) -> None:
    """Raise BadReferenceData if a status may be followed by one there is not."""
    for line, status in statuses.numbered():
        for code in status.next:
            if statuses.on(str(code), status.valid_from) is None:
                raise BadReferenceData(statuses.file, [line], f"unknown next status {code}")


def _check_successors(
    table: Table[Province] | Table[Unit],
    line: int,
    row: Province | Unit,
    successors: tuple[str, ...],
) -> None:
    if successors and row.valid_to is None:
        raise BadReferenceData(table.file, [line], f"{row.code} has a successor and no end")
    for code in successors:
        if row.valid_to is not None and table.on(code, row.valid_to + ONE_DAY) is None:
            fact = f"unknown successor {code} of {row.code} on {row.valid_to + ONE_DAY}"
            raise BadReferenceData(table.file, [line], fact)
