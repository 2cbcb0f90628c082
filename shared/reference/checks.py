"""What must hold between rows: what one names, another must be, on the right day."""

from datetime import date, timedelta
from itertools import combinations, pairwise

from reference.act_rows import WRONG_AUTHORITY, Redirection, SlipForm
from reference.calendar_rows import TimeLimit
from reference.channels import DIRECT, ONLINE
from reference.lookups import EVERY_PROCEDURE, Reference
from reference.move_checks import check_moves
from reference.procedure_rows import Paper, Procedure
from reference.rows import LawfulWay, Level, Province, Status, Unit
from reference.tables import BadReferenceData, R, Table

ONE_DAY = timedelta(days=1)
FIRST_DAY = date(2016, 1, 1)


def check(reference: Reference) -> None:
    """Raise BadReferenceData if any table names what another does not have, or has a gap."""
    check_provinces(reference.provinces)
    check_units(reference.units, reference.provinces)
    check_statuses(reference.statuses)
    check_lawful_ways(reference.lawful_ways, ONLINE)
    check_lawful_ways(reference.lawful_ways, DIRECT)
    check_procedures(reference.procedures)
    check_papers(reference.procedures, reference.papers)
    check_time_limits(reference.time_limits, reference.procedures)
    check_redirections(reference.redirections)
    check_slip_forms(reference.slip_forms)
    check_moves(reference.moves, reference.provinces, reference.channels)


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
        if unit.valid_to is not None and not unit.successors:
            raise BadReferenceData(units.file, [line], f"{unit.code} ends without a successor")
        _check_successors(units, line, unit, unit.successors)


def check_papers(procedures: Table[Procedure], papers: Table[Paper]) -> None:
    """Raise BadReferenceData if a procedure asks for a paper that has no name."""
    for line, procedure in procedures.numbered():
        for code in procedure.attachments:
            if papers.on(code, procedure.valid_from) is None:
                raise BadReferenceData(procedures.file, [line], f"unknown paper {code}")


def check_lawful_ways(ways: Table[LawfulWay], key: str) -> None:
    """Raise BadReferenceData if no row says what the lawful way of that name is."""
    if ways.last(key) is None:
        raise BadReferenceData(ways.file, [1], f"there is no row {key}")


def check_open(table: Table[R], key: str) -> None:
    """Raise BadReferenceData if no row of that key is valid from now on and for ever."""
    if table.on(key, date.max) is None:
        raise BadReferenceData(table.file, [1], f"there is no open row {key}")


def check_statuses(statuses: Table[Status]) -> None:
    """Raise BadReferenceData if a status may be followed by one there is not."""
    for line, status in statuses.numbered():
        for code in status.next:
            if statuses.on(str(code), status.valid_from) is None:
                raise BadReferenceData(statuses.file, [line], f"unknown next status {code}")


def check_procedures(procedures: Table[Procedure]) -> None:
    """Raise BadReferenceData if a counterpart or a replacement is not there on its days.

    A counterpart is there as long as the row and differs in its foreign element; a replacement
    is there on the day after the end.
    """
    for line, row in procedures.numbered():
        if row.counterpart is not None:
            for day in (row.valid_from, row.valid_to or date.max):
                other = procedures.on(row.counterpart, day)
                if other is None:
                    fact = f"unknown counterpart {row.counterpart} of {row.code} on {day}"
                    raise BadReferenceData(procedures.file, [line], fact)
                if other.foreign_element is row.foreign_element:
                    fact = f"counterpart {other.code} of {row.code} has the same foreign element"
                    raise BadReferenceData(procedures.file, [line], fact)
        if row.replaced_by is not None:
            _check_replacement(procedures, line, row, row.replaced_by)


def check_time_limits(limits: Table[TimeLimit], procedures: Table[Procedure]) -> None:
    """Raise BadReferenceData if a limit is of a procedure there is not on its first day."""
    for line, row in limits.numbered():
        code = row.procedure_code
        if code != EVERY_PROCEDURE and procedures.on(code, row.valid_from) is None:
            fact = f"unknown procedure {code} on {row.valid_from}"
            raise BadReferenceData(limits.file, [line], fact)


def check_redirections(redirections: Table[Redirection]) -> None:
    """Raise BadReferenceData if any day since 2016 has no rule for a wrong authority."""
    rows = [line for line in redirections.numbered() if line[1].key == WRONG_AUTHORITY]
    if rows[0][1].valid_from > FIRST_DAY:
        raise BadReferenceData(redirections.file, [rows[0][0]], f"nothing holds on {FIRST_DAY}")
    for (line, row), (next_line, later) in pairwise(rows):
        if row.valid_to is None or row.valid_to + ONE_DAY != later.valid_from:
            fact = f"a gap before {later.valid_from}"
            raise BadReferenceData(redirections.file, [line, next_line], fact)
    if rows[-1][1].valid_to is not None:
        raise BadReferenceData(redirections.file, [rows[-1][0]], "the last row has an end")


def check_slip_forms(forms: Table[SlipForm]) -> None:
    """Raise BadReferenceData if two slips have the same number on a day."""
    for (line, row), (other_line, other) in combinations(forms.numbered(), 2):
        begin = max(row.valid_from, other.valid_from)
        if row.number == other.number and row.is_valid(begin) and other.is_valid(begin):
            fact = f"{row.key} and {other.key} both have number {row.number} on {begin}"
            raise BadReferenceData(forms.file, sorted((line, other_line)), fact)


def _check_replacement(
    procedures: Table[Procedure], line: int, row: Procedure, replacement: str
) -> None:
    if row.valid_to is None:
        raise BadReferenceData(procedures.file, [line], f"{row.code} is replaced and has no end")
    if procedures.on(replacement, row.valid_to + ONE_DAY) is None:
        fact = f"unknown replacement {replacement} of {row.code} on {row.valid_to + ONE_DAY}"
        raise BadReferenceData(procedures.file, [line], fact)


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
