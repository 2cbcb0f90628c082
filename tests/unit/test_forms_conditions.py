"""The legal conditions of the forms: each from both sides of its boundary."""

import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import contracts
from contracts.forms import PartialDate
from contracts.portal import FieldProblem, Submission
from intake.conditions.ages import full_years, is_certainly_at_least, is_certainly_under
from intake.conditions.numbers import is_number_of
from intake.reading import check_submission
from reference import load
from tests.unit.intake_kit import (
    NATIONAL,
    NOW,
    a_birth,
    a_change,
    a_death,
    a_marriage,
)

LAW = load()
SAMPLES = Path(contracts.__file__).parent / "samples"
DAYS = st.dates(date(1800, 1, 1), date(2200, 12, 31))


def check(document: Any, now: datetime = NOW) -> Any:
    return check_submission(document, NATIONAL, now, LAW)


def rules(document: Any, now: datetime = NOW) -> list[tuple[str, str]]:
    found = check(document, now)
    return [] if isinstance(found, Submission) else [(one.field, one.rule) for one in found]


def a_form(sample: str, procedure_code: str, **changes: Any) -> dict[str, Any]:
    """Return a submission with the form of a sample; `changes` replace its members."""
    form = json.loads((SAMPLES / f"particulars.{sample}.json").read_text("utf-8"))["form"]
    return a_birth(procedure_code=procedure_code, form=form | changes, attachments=[])


# --- ages


@given(DAYS, DAYS)
def test_given_any_birth_then_a_year_is_completed_on_each_birthday_and_on_no_other_day(born, on):
    before = full_years(born, on - timedelta(days=1))
    is_birthday = (on.month, on.day) == (born.month, born.day)
    is_leapling = (born.month, born.day) == (2, 29) and (on.month, on.day) == (3, 1)
    is_leapling = is_leapling and (on - timedelta(days=1)).day == 28

    assert full_years(born, on) - before == int(is_birthday or is_leapling)


@given(DAYS)
def test_given_the_day_of_birth_then_no_year_is_completed(born):
    assert full_years(born, born) == 0
    assert full_years(born, born - timedelta(days=1)) == -1


@given(DAYS, st.integers(1, 3), st.integers(1, 120), st.integers(-400, 400))
def test_given_a_partial_birth_date_then_an_age_is_certain_only_if_it_is_for_every_day(
    born, known, years, days
):
    on = born + timedelta(days=round(years * 365.2425) + days)
    partial = PartialDate(*(born.year, born.month, born.day)[:known])
    of_age = full_years(born, on) >= years

    assert not (is_certainly_under(partial, years, on) and of_age)
    assert not (is_certainly_at_least(partial, years, on) and not of_age)
    if partial.full is not None:
        assert is_certainly_at_least(partial, years, on) is of_age
        assert is_certainly_under(partial, years, on) is not of_age


@pytest.mark.parametrize(
    ("on", "years"),
    [
        (date(2026, 2, 28), 17),
        (date(2026, 3, 1), 18),
        (date(2028, 2, 28), 19),
        (date(2028, 2, 29), 20),
    ],
)
def test_given_a_birth_on_the_29th_of_february_then_the_first_of_march_stands_for_it(on, years):
    assert full_years(date(2008, 2, 29), on) == years


@pytest.mark.parametrize(
    ("born_on", "is_under", "is_of_age"),
    [
        ("2008", False, False),
        ("2007", False, True),
        ("2009", True, False),
        ("2008-11", False, False),
        ("2008-10", False, True),
        ("2008-12", True, False),
        ("2008-11-24", False, True),
        ("2008-11-25", True, False),
    ],
)
def test_given_a_birth_date_known_in_part_then_doubt_is_neither_under_nor_of_age(
    born_on, is_under, is_of_age
):
    partial, on = PartialDate.parse(born_on), date(2026, 11, 24)

    assert is_certainly_under(partial, 18, on) is is_under
    assert is_certainly_at_least(partial, 18, on) is is_of_age


# --- marriage


@pytest.mark.parametrize(
    ("groom", "bride", "found"),
    [
        ("2006-11-24", "2008-11-24", []),
        ("2006-11-25", "2008-11-24", [("form.groom.born_on", "marriage.too_young")]),
        ("2006-11-24", "2008-11-25", [("form.bride.born_on", "marriage.too_young")]),
        (
            "2009-01-01",
            "2009-01-01",
            [
                ("form.groom.born_on", "marriage.too_young"),
                ("form.bride.born_on", "marriage.too_young"),
            ],
        ),
    ],
)
def test_given_a_marriage_then_a_man_is_of_full_20_and_a_woman_of_full_18(groom, bride, found):
    assert rules(a_marriage({"born_on": groom}, {"born_on": bride})) == found


def test_given_a_bride_who_turns_18_tonight_then_midnight_in_vietnam_decides():
    came_in = datetime(2026, 11, 24, 17, 0, tzinfo=UTC)

    before, after = (
        rules(a_marriage({}, {"born_on": "2008-11-25"}, submitted_at=submitted_at), came_in)
        for submitted_at in ("2026-11-24T16:59:59Z", "2026-11-24T17:00:00Z")
    )

    assert (before, after) == ([("form.bride.born_on", "marriage.too_young")], [])


def test_given_a_groom_who_is_too_young_then_it_is_told_in_words_with_the_law():
    assert check(a_marriage({"born_on": "2008-01-01"}, {})) == (
        FieldProblem(
            field="form.groom.born_on",
            rule="marriage.too_young",
            detail="Nam phải từ đủ 20 tuổi trở lên mới được kết hôn.",
            source="Luật Hôn nhân và gia đình 2014, Điều 8",
        ),
    )


def test_given_a_vietnamese_spouse_without_number_or_paper_then_the_number_is_missing():
    assert rules(a_marriage({"personal_number": None}, {})) == [
        ("form.groom.personal_number", "identity.missing")
    ]


def test_given_a_foreign_spouse_without_a_paper_then_the_paper_is_missing():
    document = a_marriage(
        {"personal_number": None, "nationality": "US"}, {}, procedure_code="2.000806"
    )

    assert rules(document) == [("form.groom.paper", "identity.missing")]


def test_given_a_foreign_spouse_with_a_passport_then_there_is_nothing_against_it():
    assert rules(a_form("marriage_foreign", "2.000806")) == []


# --- birth


@pytest.mark.parametrize(
    ("places", "found"),
    [
        ({"birthplace_unit_code": "25747"}, []),
        ({}, [("form.child.birthplace_unit_code", "birthplace.missing")]),
        (
            {
                "birthplace_unit_code": "25747",
                "birthplace_abroad": {"country": "LA", "detail": "Viêng Chăn"},
            },
            [
                ("procedure_code", "procedure.foreign_element"),
                ("form.child.birthplace_unit_code", "birthplace.twice"),
            ],
        ),
    ],
)
def test_given_a_birth_then_the_child_was_born_in_one_place(places, found):
    document = a_birth()
    del document["form"]["child"]["birthplace_unit_code"]
    document["form"]["child"] |= places

    assert rules(document) == found


def test_given_a_birth_with_recognition_then_it_may_be_taken():
    assert rules(a_form("birth_parent", "1.000689")) == []


@pytest.mark.parametrize(
    ("recognised_by", "found"),
    [("father", [("form.father", "recognition.parent_missing")]), ("mother", [])],
)
def test_given_a_recognition_then_the_parent_who_recognises_is_declared(recognised_by, found):
    recognition = {"recognised_by": recognised_by, "proof": {"kind": "witnessed_statement"}}

    document = a_form("birth_parent", "1.000689", father=None, recognition=recognition)

    assert rules(document) == found


@pytest.mark.parametrize(
    ("born_on", "found"),
    [
        ("2020-11-25", []),
        ("2020-11-24", [("form.child.born_on", "linked_birth.too_old")]),
    ],
)
def test_given_a_linked_birth_then_the_child_is_under_six(born_on, found):
    document = a_form("linked_birth", "3.000722")
    document["form"]["child"]["born_on"] = born_on

    assert rules(document) == found


# --- death


@pytest.mark.parametrize(
    ("born_on", "died_on", "is_wrong"),
    [
        ("1950-01-02", "1950-01-02", False),
        ("1950-01-02", "1950-01-01", True),
        ("1950", "1950", False),
        ("1950-03", "1950-03-01", False),
        ("1950-03", "1950-02-28", True),
        ("1950-03", "1950-02", True),
        ("1950-03", "1950", False),
        ("1950", "1949", True),
        ("1950", "1949-12-31", True),
        ("1950", "1950-01-01", False),
    ],
)
def test_given_a_death_then_it_is_refused_only_if_certainly_before_the_birth(
    born_on, died_on, is_wrong
):
    found = [("form.died_on", "death.before_birth")] if is_wrong else []

    assert rules(a_death(born_on, died_on)) == found


def test_given_a_death_that_is_in_part_of_the_future_then_it_is_named():
    assert rules(a_death("1950", "2026-12")) == [("form.died_on", "date_in_future")]


# --- change


@pytest.mark.parametrize(
    ("matter", "item", "old", "found"),
    [
        ("change", "given_name", "Cũ", []),
        ("change", "father", "Cũ", []),
        ("change", "born_on", "Cũ", [("form.items.0.item", "change.not_changeable")]),
        ("correction", "born_on", "Cũ", []),
        ("addition", "home_town", None, []),
        ("addition", "born_on", "1950", []),
        ("change", "sex", "Cũ", []),
        ("ethnicity_redetermination", "ethnicity", "Cũ", []),
        (
            "ethnicity_redetermination",
            "surname",
            "Cũ",
            [("form.items.0.item", "change.not_ethnicity")],
        ),
    ],
)
def test_given_a_change_then_each_item_is_of_its_kind(matter, item, old, found):
    assert rules(a_change(matter, item, old=old)) == found


# --- personal numbers


@given(st.sampled_from(["male", "female"]), st.dates(date(1900, 1, 1), date(2399, 12, 31)))
def test_given_a_number_made_by_the_rule_then_it_is_of_its_bearer_and_of_no_other_year(sex, born):
    digit = 2 * (born.year // 100 - 19) + (sex == "female")
    number = f"079{digit}{born.year % 100:02d}123456"
    other = born.replace(year=born.year + (1 if born.year < 2399 else -1), day=1)

    assert is_number_of(number, sex, born)
    assert not is_number_of(number, sex, other)
    assert not is_number_of(number, "male" if sex == "female" else "female", born)
    assert is_number_of("000" + number[3:], "male", date(1900, 1, 1))


@pytest.mark.parametrize("born_on", ["1996-04-17", "1996-04", "1996"])
@pytest.mark.parametrize(
    ("number", "is_wrong"),
    [
        ("079196000001", False),
        ("079096000001", True),
        ("079197000001", True),
        ("000097000001", False),
    ],
)
def test_given_a_mothers_number_then_it_agrees_with_her_sex_and_birth_year(
    born_on, number, is_wrong
):
    document = a_birth()
    document["form"]["mother"] |= {"personal_number": number, "born_on": born_on}

    field = "form.mother.personal_number"
    assert rules(document) == ([(field, "personal_number.mismatch")] if is_wrong else [])


def test_given_a_number_that_contradicts_then_nothing_that_is_told_quotes_it():
    document = a_birth()
    document["form"]["mother"]["personal_number"] = "079096000001"

    (problem,) = check(document)

    assert "079" not in problem.model_dump_json()


def test_given_a_person_whose_sex_is_not_declared_then_the_number_says_nothing():
    document = a_form("marital_status", "1.004873")
    document["form"]["person"] |= {"personal_number": "079000000001"}

    assert rules(document) == []


def test_given_a_correction_then_the_number_may_contradict_what_stands_in_the_book():
    person = {"sex": "male", "personal_number": "079196000001"}

    assert rules(a_change("correction", "sex", person=person)) == []


# --- everything at once


def test_given_a_form_of_imported_dossiers_then_no_portal_may_submit_it():
    form = {"kind": "legacy", "register_holds_form": True}

    assert rules(a_birth(form=form)) == [("form.kind", "form.not_for_portals")]


def test_given_a_broken_form_then_schema_and_law_are_told_together():
    groom = {"born_on": "2010-01-01", "personal_number": "079195000001", "colour": "red"}
    document = a_marriage(groom, {"born_on": "2012-05-05", "nationality": "Lào"})
    document["form"]["groom"]["ethnicity"] = None

    assert rules(document) == [
        ("form.groom.ethnicity", "string_type"),
        ("form.groom.colour", "extra_forbidden"),
        ("form.bride.nationality", "string_pattern_mismatch"),
        ("form.groom.born_on", "marriage.too_young"),
        ("form.bride.born_on", "marriage.too_young"),
        ("form.groom.personal_number", "personal_number.mismatch"),
    ]


@pytest.mark.parametrize("form", [None, 7, [], "birth", {"kind": 7}, {"kind": "birth", "child": 7}])
@pytest.mark.parametrize("kind", [None, "birth", "marriage", "death", "change", "legacy"])
def test_given_a_form_that_is_no_form_then_the_conditions_still_answer(form, kind):
    if isinstance(form, dict) and kind:
        form = form | {"kind": kind, "items": {"0": 1}, "groom": [], "deceased": {"born_on": []}}

    assert rules(a_birth(form=form))


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner),
    max_leaves=5,
)
_PATHS = st.sampled_from(
    [
        ("marriage_foreign", "2.000806"),
        ("birth_parent", "1.000689"),
        ("linked_birth", "3.000722"),
        ("change", "1.004859"),
        ("death_notice", "1.000656"),
    ]
)


@given(_PATHS, st.data())
def test_given_anything_in_place_of_any_member_then_there_is_an_answer_and_never_an_error(
    path, data
):
    document = a_form(*path)
    part = document["form"]
    while True:
        key = data.draw(st.sampled_from(sorted(part)))
        if not isinstance(part[key], dict) or data.draw(st.booleans()):
            break
        part = part[key]
    part[key] = data.draw(_JSON)

    check(document)


# --- people of one form


def test_given_one_number_for_both_spouses_then_they_are_not_two_people():
    number = {"personal_number": "000095000003"}
    marriage = a_marriage(number, number)

    assert ("form.bride.personal_number", "marriage.same_person") in rules(marriage)
    assert "marriage.same_person" not in {rule for _, rule in rules(a_marriage({}, {}))}


@pytest.mark.parametrize(("born", "wrong"), [("2026", True), ("2025-12-31", False), ("2030", True)])
def test_given_a_parent_then_born_in_a_year_before_the_childs(born, wrong):
    birth = a_birth()
    child_born = birth["form"]["child"]["born_on"]
    assert child_born.startswith("2026")
    birth["form"]["mother"] = birth["form"]["mother"] | {
        "born_on": born,
        "personal_number": "000196112648",
    }

    found = [(field, rule) for field, rule in rules(birth) if rule == "parent.not_older"]

    assert found == ([("form.mother.born_on", "parent.not_older")] if wrong else [])


@pytest.mark.parametrize(("note", "taken"), [("dòng một\ndòng hai", True), ("a\u0000b", False)])
def test_given_a_note_then_lines_may_end_and_unseen_letters_are_refused(note, taken):
    birth = a_birth()
    birth["form"] = birth["form"] | {"note": note}

    assert (rules(birth) == []) is taken
