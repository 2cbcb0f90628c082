"""Who goes on with the dossiers of a unit that is no more."""

import shutil
from datetime import date
from pathlib import Path

import pytest

import reference
from reference import Level, Reference, Succession
from reference.loading import DATA

LETTER = date(2021, 10, 12)
LAST_DISTRICT_DAY, FIRST_TWO_TIER_DAY = date(2025, 6, 30), date(2025, 7, 1)
TODAY, FIRST_NEW = date(2026, 11, 24), date(2027, 3, 1)
REF = reference.load()
OLD = "QĐ 124/2004/QĐ-TTg as amended; NQ 202/2025/QH15"
NEW = "QĐ 19/2025/QĐ-TTg"


def heir(code: str, residence: str, on: date = TODAY, written_on: date | None = LETTER) -> object:
    found = REF.successor(code, residence, on, written_on)
    return found and (found.unit_code, found.certain)


def divided() -> list[reference.Unit]:
    return [u for u in REF.units if len(u.code) == 5 and len(u.successors) > 1]


@pytest.mark.parametrize("on", [FIRST_TWO_TIER_DAY, TODAY, FIRST_NEW])
def test_given_a_commune_with_one_successor_then_it_is_certain_and_has_a_source(on: date) -> None:
    found = REF.successor("26734", "26734", on)

    assert found == Succession("26737", certain=True, source=f"{OLD}; {NEW}")


@pytest.mark.parametrize("on", [date(2016, 1, 1), LETTER, LAST_DISTRICT_DAY])
def test_given_a_unit_that_is_valid_on_the_day_then_nobody_goes_on_for_it(on: date) -> None:
    assert REF.successor("26734", "26734", on) is None
    assert REF.successor("760", "26734", on) is None


@pytest.mark.parametrize(("code", "written_on"), [("99999", None), ("26740", date(2015, 1, 1))])
def test_given_a_unit_that_never_was_then_nobody_goes_on_for_it(
    code: str, written_on: date | None
) -> None:
    assert REF.successor(code, "26740", TODAY, written_on) is None


def test_given_a_code_used_again_then_the_day_it_was_written_decides_which_place_is_meant() -> None:
    ward = REF.unit("00691", LAST_DISTRICT_DAY)
    assert ward is not None

    assert REF.successor("00691", "00691", TODAY) is None
    assert REF.successor("00691", "00691", TODAY, TODAY) is None
    assert heir("00691", "00691", written_on=LETTER) == (ward.successors[0], True)
    assert heir("26740", "26740", written_on=LETTER) == ("26740", True)


def test_given_a_district_then_the_successor_of_the_residence_goes_on() -> None:
    for commune in (u for u in REF.units if u.district_code == "024"):
        found = heir("024", commune.code)
        assert found == (commune.successors[0], len(commune.successors) == 1)


@pytest.mark.parametrize("written_on", [None, LETTER])
def test_given_a_district_and_a_residence_of_today_then_that_commune_goes_on(
    written_on: date | None,
) -> None:
    district = REF.unit("760", LAST_DISTRICT_DAY)
    assert district is not None
    fresh = [code for code in district.successors if not REF.unit(code, LAST_DISTRICT_DAY)]

    for code in fresh:
        assert heir("760", code, written_on=written_on) == (code, True)


def test_given_a_divided_commune_then_a_residence_in_one_part_decides() -> None:
    clear = 0
    for unit in divided():
        for part in unit.successors:
            if REF.unit(part, LAST_DISTRICT_DAY) is None:
                assert heir(unit.code, part) == (part, True)
                clear += 1
        assert heir(unit.code, unit.code) == (unit.successors[0], False)
    assert len(divided()) == 50


@pytest.mark.parametrize("residence", ["99999", "01234", "26734"])
def test_given_a_residence_elsewhere_then_the_first_is_named_and_is_not_certain(
    residence: str,
) -> None:
    unit = divided()[0]

    assert heir(unit.code, residence) == (unit.successors[0], False)


def test_given_every_unit_that_ended_then_somebody_valid_goes_on_in_the_right_province() -> None:
    for unit in (unit for unit in REF.units if unit.valid_to == LAST_DISTRICT_DAY):
        found = REF.successor(unit.code, unit.code, TODAY, LAST_DISTRICT_DAY)
        assert found is not None
        commune = REF.unit(found.unit_code, TODAY)
        assert commune is not None
        province = REF.province(unit.province_code, LAST_DISTRICT_DAY)
        assert province is not None
        assert (commune.level, commune.province_code) == (Level.COMMUNE, province.successor)


@pytest.fixture
def chained(tmp_path: Path) -> Reference:
    """Return the data in which 26737 of today is divided at the end of 2025 and 2026."""
    folder = Path(shutil.copytree(DATA, tmp_path / "data"))
    text = (folder / "units.csv").read_text(encoding="utf-8")
    row = next(r for r in text.splitlines() if r.startswith("26737,") and ",2025-07-01," in r)
    rows = [
        row.replace(",,,2025-07-01,,", ",,26701 26702 26743,2025-07-01,2025-12-31,"),
        "26701,Một,commune,79,,26703,2026-01-01,2026-06-30,one,low",
        "26702,Hai,commune,79,,,2026-01-01,,two,low",
        "26703,Ba,commune,79,,,2026-07-01,,three,low",
    ]
    assert rows[0] != row
    (folder / "units.csv").write_text(text.replace(row, "\n".join(rows)), encoding="utf-8")
    return reference.load_from(folder)


@pytest.mark.parametrize(
    ("residence", "on", "expected"),
    [
        ("26734", date(2025, 12, 31), ("26737", True)),
        ("26734", date(2026, 6, 30), ("26701", False)),
        ("26734", date(2026, 7, 1), ("26703", False)),
        ("26702", date(2026, 7, 1), ("26702", True)),
        ("26701", date(2026, 7, 1), ("26703", True)),
        ("26743", date(2026, 7, 1), ("26743", True)),
    ],
)
def test_given_a_chain_then_it_is_followed_to_the_day_and_one_doubt_makes_it_uncertain(
    chained: Reference, residence: str, on: date, expected: tuple[str, bool]
) -> None:
    found = chained.successor("26734", residence, on)

    assert found is not None
    assert (found.unit_code, found.certain) == expected
    if expected[0] == "26703":
        assert found.source == f"{OLD}; {NEW}; one; three"
