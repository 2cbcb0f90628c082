"""Which unit or province goes on for one that is no more."""

from dataclasses import dataclass
from datetime import date, timedelta

from reference.rows import Level, Province, Unit
from reference.tables import Table

ONE_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Succession:
    """The unit that goes on, whether the data leave no other choice, and what says so."""

    unit_code: str
    certain: bool
    source: str


def successor(
    units: Table[Unit], unit_code: str, residence_unit_code: str, on: date, written_on: date | None
) -> Succession | None:
    """Return who goes on for a unit that ended before that day; None if none has to.

    `written_on` is the day the codes were written, for a code that is another place later.
    """
    unit = _meant(units, unit_code, on, written_on)
    if unit is None or unit.is_valid(on):
        return None
    certain, sources = True, [unit.source]
    while not unit.is_valid(on):
        heirs = _heirs(units, unit)
        if not heirs:
            return None
        fitting = _fitting(units, unit, heirs, residence_unit_code)
        certain = certain and len(fitting) == 1
        unit = (fitting or heirs)[0]
        sources.append(unit.source)
    return Succession(unit.code, certain, "; ".join(dict.fromkeys(sources)))


def _meant(units: Table[Unit], code: str, on: date, written_on: date | None) -> Unit | None:
    """Return the unit a code was written for: of that day, else valid on or last before `on`."""
    if written_on is not None:
        return units.on(code, written_on)
    begun = [unit for unit in units.history(code) if unit.valid_from <= on]
    return begun[-1] if begun else None


def _heirs(units: Table[Unit], unit: Unit) -> list[Unit]:
    if unit.valid_to is None:
        return []
    next_day = unit.valid_to + ONE_DAY
    found = (units.on(code, next_day) for code in unit.successors)
    return [heir for heir in found if heir is not None]


def _fitting(
    units: Table[Unit], unit: Unit, heirs: list[Unit], residence_unit_code: str
) -> list[Unit]:
    """Return the heirs that hold the residence; a unit's only heir always does.

    A residence code is read as of the unit's last day, and else as of the day after.
    """
    if len(heirs) == 1:
        return heirs
    last_day = unit.valid_to or unit.valid_from
    before = units.on(residence_unit_code, last_day)
    if before is None or before.level is not Level.COMMUNE:
        return [heir for heir in heirs if heir.code == residence_unit_code]
    homes = before.successors if before.valid_to == last_day else (before.code,)
    return [heir for heir in heirs if heir.code in homes]


def province_heirs(provinces: Table[Province], code: str, on: date) -> frozenset[str]:
    """Return the provinces of that day that are the province or go on for it."""
    found, seen, open_codes = set[str](), set[str](), [code]
    while open_codes:
        one = open_codes.pop()
        if one in seen:
            continue
        seen.add(one)
        if provinces.on(one, on) is not None:
            found.add(one)
        ended = (row for row in provinces.history(one) if row.valid_to and row.valid_to < on)
        open_codes += [row.successor for row in ended if row.successor]
    return frozenset(found)
