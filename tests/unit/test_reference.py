"""Reference data: what holds on which day, each boundary from both sides."""

from collections import Counter
from datetime import date

import pytest

import reference
from reference import (
    Clock,
    Confidence,
    FormKind,
    Level,
    Procedure,
    ReturnKind,
)

LETTER = date(2021, 10, 12)
LAST_DISTRICT_DAY, FIRST_TWO_TIER_DAY = date(2025, 6, 30), date(2025, 7, 1)
TODAY = date(2026, 11, 24)
SEVEN = ("79", "74", "10", "02", "06", "83", "49")
REF = reference.load()


def procedure(code: str, on: date) -> Procedure:
    found = REF.procedure(code, on)
    assert found is not None
    return found


# Places


@pytest.mark.parametrize(
    ("on", "count"),
    [(LETTER, 63), (LAST_DISTRICT_DAY, 63), (FIRST_TWO_TIER_DAY, 34), (TODAY, 34)],
)
def test_there_are_63_provinces_until_the_merger_and_34_after(on: date, count: int) -> None:
    assert sum(row.is_valid(on) for row in REF.provinces) == count


@pytest.mark.parametrize(
    ("code", "successor"),
    [
        ("79", "79"),
        ("74", "79"),
        ("10", "15"),
        ("02", "08"),
        ("06", "19"),
        ("83", "86"),
        ("49", "48"),
        ("82", "82"),
    ],
)
def test_a_province_of_the_letter_passes_into_its_successor(code: str, successor: str) -> None:
    before = REF.province(code, LAST_DISTRICT_DAY)

    assert before is not None
    assert before.successor == successor
    assert REF.province(successor, FIRST_TWO_TIER_DAY) is not None


def test_lao_cai_keeps_its_h_code_when_its_number_changes() -> None:
    before, after = REF.province("10", LAST_DISTRICT_DAY), REF.province("15", FIRST_TWO_TIER_DAY)

    assert before is not None
    assert after is not None
    assert (before.name, before.h_code) == (after.name, after.h_code) == ("Lào Cai", "H38")
    assert REF.province("10", FIRST_TWO_TIER_DAY) is None


def test_hue_became_a_city_in_2025() -> None:
    names = [REF.province("46", day) for day in (date(2024, 12, 31), date(2025, 1, 1))]

    assert [row and row.name for row in names] == ["Thừa Thiên Huế", "Huế"]


def test_the_communes_and_districts_of_the_seven_are_counted_as_before_the_merger() -> None:
    counted = Counter(
        (unit.province_code, unit.level) for unit in REF.units if unit.is_valid(LAST_DISTRICT_DAY)
    )

    communes = {code: counted[code, Level.COMMUNE] for code in SEVEN}
    districts = {code: counted[code, Level.DISTRICT] for code in SEVEN}
    assert communes == dict(zip(SEVEN, (273, 91, 151, 193, 108, 148, 233), strict=True))
    assert districts == dict(zip(SEVEN, (22, 9, 9, 11, 8, 9, 17), strict=True))


@pytest.mark.parametrize(
    ("province", "count"),
    [("79", 168), ("15", 99), ("08", 124), ("19", 92), ("86", 124), ("48", 94)],
)
def test_every_commune_of_today_is_there(province: str, count: int) -> None:
    assert len(REF.communes(province, TODAY)) == count


def test_every_place_that_ended_has_a_successor_in_the_province_that_took_over() -> None:
    ended = [unit for unit in REF.units if unit.valid_to is not None]

    for unit in ended:
        province = REF.province(unit.province_code, LAST_DISTRICT_DAY)
        heirs = [REF.unit(code, FIRST_TWO_TIER_DAY) for code in unit.successors]
        assert province is not None
        assert {heir and heir.province_code for heir in heirs} == {province.successor}, unit.code
        assert list(unit.successors) == sorted(set(unit.successors))


def test_a_code_used_again_is_another_place_on_the_next_day() -> None:
    before, after = REF.unit("00691", LAST_DISTRICT_DAY), REF.unit("00691", FIRST_TWO_TIER_DAY)

    assert before is not None
    assert after is not None
    assert (before.name, before.province_code) == ("Phường Trần Phú", "02")
    assert (after.name, after.province_code) == ("Phường Hà Giang 2", "08")


def test_a_commune_that_was_divided_lists_every_successor() -> None:
    counted = Counter(len(unit.successors) for unit in REF.units if len(unit.code) == 5)

    assert counted == {0: 701, 1: 1147, 2: 46, 3: 4}


# Procedures and authority


@pytest.mark.parametrize(
    ("code", "form", "attachments"),
    [
        ("1.001193", FormKind.BIRTH, ("birth_notification",)),
        ("1.000894", FormKind.MARRIAGE, ()),
        ("1.000656", FormKind.DEATH, ("death_notice",)),
        ("1.004873", FormKind.MARITAL_STATUS, ()),
        ("2.000635", FormKind.EXTRACT_COPY, ()),
    ],
)
@pytest.mark.parametrize("on", [LETTER, LAST_DISTRICT_DAY, FIRST_TWO_TIER_DAY, TODAY])
def test_the_main_procedures_have_a_form_and_their_papers(
    code: str, form: FormKind, attachments: tuple[str, ...], on: date
) -> None:
    found = procedure(code, on)

    assert (found.form, found.attachments) == (form, attachments)


def test_every_procedure_that_one_of_the_forms_can_carry_has_it_and_an_unknown_one_is_none() -> (
    None
):
    by_form: dict[FormKind, set[str]] = {}
    for row in REF.procedures:
        if row.form is not None and row.is_valid(TODAY):
            by_form.setdefault(row.form, set()).add(row.code)

    assert {form: len(codes) for form, codes in by_form.items()} == {
        FormKind.BIRTH: 7,
        FormKind.BIRTH_PARENT: 2,
        FormKind.MARRIAGE: 5,
        FormKind.DEATH: 5,
        FormKind.MARITAL_STATUS: 1,
        FormKind.CHANGE: 2,
        FormKind.EXTRACT_COPY: 1,
        FormKind.LINKED_BIRTH: 1,
    }
    assert len({row.code for row in REF.procedures}) == 45
    assert REF.procedure("1.999999", TODAY) is None


def test_district_work_goes_to_the_commune_from_the_first_two_tier_day() -> None:
    levels = [procedure("2.000528", day).level for day in (LAST_DISTRICT_DAY, FIRST_TWO_TIER_DAY)]

    assert levels == [Level.DISTRICT, Level.COMMUNE]
    assert not any(r.level is Level.DISTRICT and r.is_valid(TODAY) for r in REF.procedures)


def test_the_commune_of_residence_is_competent_and_no_other() -> None:
    birth = procedure("1.001193", TODAY)

    assert REF.competent_units(birth, "26740", TODAY) == {"26740"}
    assert REF.competent_units(birth, "99999", TODAY) == frozenset()


def test_a_foreign_birth_belongs_to_the_district_of_residence_until_the_last_district_day() -> None:
    foreign = procedure("2.000528", LAST_DISTRICT_DAY)

    competent = REF.competent_units(foreign, "00691", LAST_DISTRICT_DAY)

    assert competent == {"024"}
    assert REF.unit("024", LAST_DISTRICT_DAY) is not None
    assert REF.unit("024", FIRST_TWO_TIER_DAY) is None


def test_an_extract_copy_is_given_by_any_commune_of_the_province() -> None:
    copy = procedure("2.000635", TODAY)

    competent = REF.competent_units(copy, "00691", TODAY)

    assert competent == REF.communes("08", TODAY)
    assert len(competent) == 124


# Reasons and statuses


def test_the_return_reasons_are_a_closed_list_with_words_for_the_citizen() -> None:
    kinds = {row.code: row.kind for row in REF.return_reasons}

    assert kinds == {
        "missing_paper": ReturnKind.SUPPLEMENT,
        "paper_unreadable": ReturnKind.SUPPLEMENT,
        "paper_not_valid": ReturnKind.SUPPLEMENT,
        "data_mismatch": ReturnKind.SUPPLEMENT,
        "register_needs_supplement": ReturnKind.SUPPLEMENT,
        "not_competent": ReturnKind.WRONG_AUTHORITY,
        "conditions_not_met": ReturnKind.REFUSED,
        "duplicate_registration": ReturnKind.REFUSED,
        "register_refused": ReturnKind.REFUSED,
        "particulars_erased": ReturnKind.REFUSED,
        "supplement_exhausted": ReturnKind.REFUSED,
    }
    assert REF.return_reason("because") is None


def test_the_clock_is_paused_in_five_six_and_eight() -> None:
    clocks = {code: REF.status(code) for code in range(1, 11)}

    paused = [code for code, row in clocks.items() if row and row.clock is Clock.PAUSED]
    assert paused == [5, 6, 8]
    assert [code for code, row in clocks.items() if row and row.terminal] == [3, 7, 10]
    assert REF.status(11) is None


def test_every_row_says_how_sure_it_is_and_where_it_comes_from() -> None:
    tables = (
        *(REF.procedures, REF.provinces, REF.units, REF.channels, REF.statuses, REF.moves),
        *(REF.act_reasons, REF.redirections, REF.slip_forms, REF.return_reasons, REF.time_limits),
    )

    rows = [row for table in tables for row in table]
    assert all(row.source and row.confidence in set(Confidence) for row in rows)
