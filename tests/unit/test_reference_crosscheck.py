"""Our units and provinces against those of the package vietnamadminunits (MIT), never imported."""

import json
import sqlite3
import tomllib
import unicodedata
from collections import defaultdict
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import pytest

import reference
from reference import Level, Unit

PACKAGE = "vietnamadminunits"
ROOT = Path(__file__).parents[2]
LAST_DISTRICT_DAY, FIRST_TWO_TIER_DAY = date(2025, 6, 30), date(2025, 7, 1)
SEVEN = {"79", "74", "10", "02", "06", "83", "49"}
REF = reference.load()
#: The one commune whose successors differ. The package knows old communes by name: it gives two
#: called Hòa Lộc, of Mỏ Cày Bắc (28924) and of Tam Bình, now of one province, both places each.
#: 29734 took in places of Tam Bình only, so we keep 28921.
KNOWN_SUCCESSORS = {"28924": ({"28921"}, {"28921", "29734"})}
#: The same word with its tone mark on another letter.
KNOWN_PROVINCES = {"17": ("Hoà Bình", "Hòa Bình")}


def data_of_the_package() -> Path:
    """Return the package's folder of data, found without importing it or what it requires."""
    try:
        return Path(str(distribution(PACKAGE).locate_file(f"{PACKAGE}/data")))
    except PackageNotFoundError:
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        if any(line.startswith(PACKAGE) for line in project["dependency-groups"]["dev"]):
            pytest.fail(f"{PACKAGE} is in the dev group of pyproject.toml and not installed")
        pytest.skip(f"{PACKAGE} is not in the dev group of pyproject.toml")


@pytest.fixture(scope="module")
def folder() -> Path:
    return data_of_the_package()


@pytest.fixture(scope="module")
def theirs(folder: Path) -> Iterator[sqlite3.Connection]:
    address = f"{(folder / 'dataset.db').as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(address, uri=True)) as connection:
        yield connection


def plain(name: str) -> str:
    """Return a name without regard to capital letters and to how its marks are stored."""
    return unicodedata.normalize("NFC", name).casefold()


def ours(level: Level, on: date) -> list[Unit]:
    return [unit for unit in REF.units if unit.level is level and unit.is_valid(on)]


def test_given_the_package_then_it_is_as_large_as_when_it_was_chosen(
    theirs: sqlite3.Connection,
) -> None:
    counts = [
        theirs.execute(f"select count(*) from {table}").fetchone()[0]
        for table in ("admin_units", "admin_units_legacy")
    ]

    assert counts == [3321, 10040]


@pytest.mark.parametrize(
    ("table", "on", "count", "known"),
    [
        ("admin_units_legacy", LAST_DISTRICT_DAY, 63, KNOWN_PROVINCES),
        ("admin_units", FIRST_TWO_TIER_DAY, 34, {}),
    ],
)
def test_given_the_package_then_every_province_has_the_same_code_and_name(
    theirs: sqlite3.Connection,
    table: str,
    on: date,
    count: int,
    known: dict[str, tuple[str, str]],
) -> None:
    query = f"select distinct provinceCode, provinceShort from {table}"
    names = dict(theirs.execute(query).fetchall())

    mine = {row.code: row.name for row in REF.provinces if row.is_valid(on)}
    assert mine.keys() == names.keys()
    assert len(mine) == count
    differ = {code for code in mine if plain(mine[code]) != plain(names[code])}
    assert {code: (mine[code], names[code]) for code in differ} == known


def test_given_the_package_then_every_commune_of_today_has_the_same_name_and_province(
    theirs: sqlite3.Connection,
) -> None:
    mine = {
        u.code: (u.province_code, plain(u.name)) for u in ours(Level.COMMUNE, FIRST_TWO_TIER_DAY)
    }
    provinces = {province for province, _ in mine.values()}

    rows = theirs.execute("select wardCode, provinceCode, ward from admin_units").fetchall()
    assert len(mine) == 701
    assert mine == {code: (at, plain(name)) for code, at, name in rows if at in provinces}


def test_given_the_package_then_every_commune_before_the_merger_has_the_same_name_and_district(
    theirs: sqlite3.Connection,
) -> None:
    mine = {
        unit.code: (unit.province_code, unit.district_code, plain(unit.name))
        for unit in ours(Level.COMMUNE, LAST_DISTRICT_DAY)
    }

    query = "select wardCode, provinceCode, districtCode, ward from admin_units_legacy"
    rows = [row for row in theirs.execute(query).fetchall() if row[1] in SEVEN]
    assert len(mine) == 1197
    assert mine == {code: (at, within, plain(name)) for code, at, within, name in rows}


def test_given_the_package_then_every_district_has_the_same_name_and_province(
    theirs: sqlite3.Connection,
) -> None:
    mine = {
        u.code: (u.province_code, plain(u.name)) for u in ours(Level.DISTRICT, LAST_DISTRICT_DAY)
    }

    query = "select distinct districtCode, provinceCode, district from admin_units_legacy"
    rows = [row for row in theirs.execute(query).fetchall() if row[1] in SEVEN]
    assert len(mine) == 85
    assert mine == {code: (at, plain(name)) for code, at, name in rows}


def successors_of(theirs: sqlite3.Connection, folder: Path) -> dict[str, set[str]]:
    """Return the successors of every old commune as the package's converter has them."""
    query = "select provinceKey || '_' || districtKey || '_' || wardKey, wardCode from {}"
    old = dict(theirs.execute(query.format("admin_units_legacy")).fetchall())
    query = "select provinceKey, wardKey, wardCode from admin_units"
    new = {(province, ward): code for province, ward, code in theirs.execute(query)}
    converter = json.loads((folder / "converter_2025.json").read_text(encoding="utf-8"))
    found: dict[str, set[str]] = defaultdict(set)
    for province, wards in converter["DICT_PROVINCE_WARD_NO_DIVIDED"].items():
        for ward, parts in wards.items():
            for part in parts:
                found[old.get(part, part)].add(new[province, ward])
    for province, divided in converter["DICT_PROVINCE_WARD_DIVIDED"].items():
        for part, heirs in divided.items():
            found[old.get(part, part)] |= {new[province, heir["newWardKey"]] for heir in heirs}
    return found


def test_given_the_package_then_every_commune_that_ended_has_the_same_successors(
    theirs: sqlite3.Connection, folder: Path
) -> None:
    their = successors_of(theirs, folder)
    mine = {u.code: set(u.successors) for u in ours(Level.COMMUNE, LAST_DISTRICT_DAY)}

    differ = {code: (own, their[code]) for code, own in mine.items() if own != their[code]}
    assert len(mine) == 1197
    assert differ == KNOWN_SUCCESSORS
