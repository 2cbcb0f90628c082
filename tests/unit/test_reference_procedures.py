"""The procedures by regime: forms, presence, fees, counterparts, repeals and the law of 2027."""

from collections import Counter
from datetime import date

import pytest

import reference
from reference import (
    Confidence,
    FeeRule,
    Level,
    LimitUnit,
    OnlineLevel,
    Presence,
    Procedure,
    statutory_limit,
    verification_limit,
)

START, LETTER, AFTER_DIRECT = date(2016, 1, 1), date(2021, 10, 12), date(2022, 4, 1)
LAST_PAPER_LINKED, FIRST_LINKED = date(2024, 6, 30), date(2024, 7, 1)
TWO_TIER, TODAY = date(2025, 7, 1), date(2026, 11, 24)
LAST_OLD, FIRST_NEW = date(2027, 2, 28), date(2027, 3, 1)
REGIMES = (START, LETTER, AFTER_DIRECT, TWO_TIER, TODAY, FIRST_NEW)
REF = reference.load()
REPEALED = {
    "2.000986": "3.000722",
    "2.001023": "3.000722",
    "2.002621": "3.000722",
    "2.002622": "2.002913",
}


def procedure(code: str, on: date) -> Procedure:
    found = REF.procedure(code, on)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("on", "count", "district"),
    [
        (START, 38, 15),
        (LETTER, 39, 15),
        (AFTER_DIRECT, 39, 15),
        (LAST_PAPER_LINKED, 41, 15),
        (date(2025, 6, 30), 41, 15),
        (TWO_TIER, 41, 0),
        (TODAY, 41, 0),
        (FIRST_NEW, 41, 0),
    ],
)
def test_given_a_regime_then_so_many_procedures_hold_and_the_district_ends_with_it(
    on: date, count: int, district: int
) -> None:
    levels = Counter(row.level for row in REF.procedures if row.is_valid(on))

    assert (sum(levels.values()), levels[Level.DISTRICT]) == (count, district)


@pytest.mark.parametrize("on", REGIMES)
def test_given_marriage_or_recognition_of_a_parent_then_the_parties_come_in_person(
    on: date,
) -> None:
    rows = [row for row in REF.procedures if row.is_valid(on)]

    in_person = {row.code for row in rows if row.presence is Presence.PARTIES}
    assert in_person == {
        r.code for r in rows if "kết hôn" in r.name_vi or "nhận cha" in r.name_vi
    } - {
        "2.002189",
        "2.000554",
    }
    assert procedure("1.001193", on).presence is Presence.NONE


@pytest.mark.parametrize(
    ("code", "rule", "confidence"),
    [
        ("1.001193", FeeRule.FREE_ON_TIME, Confidence.FOUND),
        ("1.000656", FeeRule.FREE_ON_TIME, Confidence.FOUND),
        ("1.000894", FeeRule.FREE, Confidence.FOUND),
        ("1.004837", FeeRule.FREE, Confidence.FOUND),
        ("1.004873", FeeRule.PROVINCIAL, Confidence.DERIVED),
        ("2.000806", FeeRule.PROVINCIAL, Confidence.DERIVED),
        ("2.000635", FeeRule.PER_COPY, Confidence.FOUND),
        ("1.000689", None, None),
        ("3.000722", None, None),
    ],
)
def test_given_a_procedure_then_its_fee_rule_has_a_source_or_is_empty(
    code: str, rule: FeeRule | None, confidence: Confidence | None
) -> None:
    found = procedure(code, TODAY)

    assert (found.fee_rule, found.fee_confidence) == (rule, confidence)
    assert (found.fee_source is None) is (rule is None)


def test_given_the_four_procedures_seen_on_the_portal_then_they_alone_have_an_online_level() -> (
    None
):
    levels = {row.code: row.online_level for row in REF.procedures if row.is_valid(TODAY)}

    assert {code for code, level in levels.items() if level is OnlineLevel.FULL} == {
        *("1.000894", "2.000806", "1.004859", "2.000748")
    }
    assert set(levels.values()) == {None, OnlineLevel.FULL}
    assert procedure("1.000894", LETTER).online_level is None


def test_given_a_counterpart_then_it_differs_in_its_foreign_element_and_fits_its_form() -> None:
    for row in (row for row in REF.procedures if row.counterpart is not None):
        other = procedure(row.counterpart or "", row.valid_from)
        assert other.foreign_element is not row.foreign_element
        assert other.form == row.form
    assert procedure("1.001193", TODAY).counterpart == "2.000528"
    assert procedure("2.000528", TODAY).counterpart == "1.001193"
    assert procedure("1.000110", TODAY).counterpart == "1.001193"
    assert procedure("1.004873", TODAY).counterpart is None


def test_given_a_name_with_a_foreign_element_then_the_row_says_so() -> None:
    named = {row.code for row in REF.procedures if "yếu tố nước ngoài" in row.name_vi}
    notes = {"2.002189", "2.000554", "2.000547"}

    assert {row.code for row in REF.procedures if row.foreign_element} == named | notes


@pytest.mark.parametrize(
    ("code", "result"),
    [
        ("1.001193", "Giấy khai sinh"),
        ("1.000689", "Giấy khai sinh; Trích lục nhận cha, mẹ, con"),
        ("1.000894", "Giấy chứng nhận kết hôn"),
        ("1.000656", "Trích lục khai tử"),
        ("1.004873", "Giấy xác nhận tình trạng hôn nhân"),
        ("3.000722", None),
    ],
)
def test_given_a_procedure_then_its_result_has_a_name_where_it_was_found(
    code: str, result: str | None
) -> None:
    assert procedure(code, TODAY).result_vi == result


# Linked procedures


@pytest.mark.parametrize(("code", "replacement"), REPEALED.items())
def test_given_a_linked_procedure_on_paper_then_it_ends_when_the_electronic_one_begins(
    code: str, replacement: str
) -> None:
    last = procedure(code, LAST_PAPER_LINKED)

    assert (last.replaced_by, last.confidence) == (replacement, Confidence.LOW)
    assert replacement in last.source
    assert "ngày hết hiệu lực chưa rõ" in last.source
    assert REF.procedure(code, FIRST_LINKED) is None
    assert REF.procedure(replacement, LAST_PAPER_LINKED) is None
    assert procedure(replacement, FIRST_LINKED).valid_from == FIRST_LINKED


# Verification


@pytest.mark.parametrize(
    ("code", "expected", "adds", "assumed"),
    [
        ("1.001193", (3, LimitUnit.WORKING_DAY), False, False),
        ("1.000894", (5, LimitUnit.WORKING_DAY), False, False),
        ("1.000689", (5, LimitUnit.WORKING_DAY), True, False),
        ("1.004859", (3, LimitUnit.WORKING_DAY), True, False),
        ("1.000656", (3, LimitUnit.WORKING_DAY), False, True),
        ("2.000806", None, False, False),
    ],
)
def test_given_a_procedure_then_its_verification_limit_and_whether_it_comes_on_top(
    code: str, expected: tuple[int, LimitUnit] | None, adds: bool, assumed: bool
) -> None:
    found = verification_limit(REF, procedure(code, TODAY), TODAY)

    assert (found and (found.value, found.unit)) == expected
    assert procedure(code, TODAY).verify_adds is adds
    assert found is None or (found.assumption_vi is not None) is assumed


# The law of 2027


def test_given_the_new_law_then_every_procedure_goes_on_in_a_row_of_its_own() -> None:
    before = {row.code: row for row in REF.procedures if row.is_valid(LAST_OLD)}
    after = {row.code: row for row in REF.procedures if row.is_valid(FIRST_NEW)}

    assert before.keys() == after.keys()
    for code, row in after.items():
        assert before[code].valid_to == LAST_OLD
        assert (row.valid_from, row.valid_to, row.confidence) == (FIRST_NEW, None, Confidence.LOW)
        assert "Luật Hộ tịch (sửa đổi) 2026" in row.source
        assert "chưa rõ" in row.source
        sure = {row.limit_confidence, row.verify_confidence, row.fee_confidence}
        assert sure <= {None, Confidence.LOW}


def test_given_the_new_law_then_what_was_the_same_day_is_24_hours() -> None:
    for row in (row for row in REF.procedures if row.limit_unit is LimitUnit.SAME_DAY):
        old = row if row.is_valid(LAST_OLD) else procedure(row.code, LAST_OLD)
        new = procedure(row.code, FIRST_NEW)
        counted = [statutory_limit(REF, old, LAST_OLD), statutory_limit(REF, new, FIRST_NEW)]
        assert [limit and (limit.value, limit.unit) for limit in counted] == [
            (0, LimitUnit.SAME_DAY),
            (24, LimitUnit.HOUR),
        ]


def test_given_the_new_law_then_a_limit_kept_from_the_old_one_is_assumed() -> None:
    found = statutory_limit(REF, procedure("2.000806", FIRST_NEW), FIRST_NEW)

    assert found is not None
    assert (found.value, found.unit) == (15, LimitUnit.DAY)
    assert found.assumption_vi is not None
    assert "luật mới" in found.source
