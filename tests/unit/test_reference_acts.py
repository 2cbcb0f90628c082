"""Reasons of acts, redirections, forms of slips and the time to complete a dossier, by regime."""

from datetime import date
from pathlib import Path

import pytest

import reference
from reference import (
    Act,
    BadReferenceData,
    Confidence,
    LimitUnit,
    Reach,
    RedirectionAct,
    Slip,
    Stage,
    supplement_limit,
)
from reference.limits import apology_limit
from tests.unit.deadline_kit import changed_reference

START, LETTER, AFTER_DIRECT = date(2016, 1, 1), date(2021, 10, 12), date(2022, 4, 1)
LAST_DISTRICT_DAY, TWO_TIER = date(2025, 6, 30), date(2025, 7, 1)
TODAY, FIRST_NEW = date(2026, 11, 24), date(2027, 3, 1)
REGIMES = (START, LETTER, AFTER_DIRECT, TWO_TIER, TODAY, FIRST_NEW)
REF = reference.load()
FORMS = ("acceptance", "supplement", "refusal", "apology", "stop", "control_sheet", "register_book")


def codes(act: str, on: date) -> set[str]:
    return {row.code for row in REF.act_reasons_of(act, on)}


@pytest.mark.parametrize(
    ("act", "expected"),
    [
        (
            Act.STOP,
            "supplement_not_received legal_obstacle applicant_absent waiting_other_authority",
        ),
        (Act.APOLOGY, "staff_shortage system_outage verification_late other_authority_late"),
        (Act.VERIFICATION, "verify_information"),
        (Act.FORWARD, "not_competent merger applicant_moved"),
        (Act.WITHDRAW, "on_request"),
    ],
)
def test_given_an_act_then_its_reasons_are_a_closed_list_with_words_for_the_citizen(
    act: Act, expected: str
) -> None:
    rows = REF.act_reasons_of(act, TODAY)

    assert [row.code for row in rows] == expected.split()
    assert all(row.text_vi and row.text_en and row.act is act for row in rows)
    assert rows == REF.act_reasons_of(act.value, TODAY)


def test_given_a_day_before_the_rule_then_its_reasons_are_not_there_yet() -> None:
    assert codes("apology", date(2018, 6, 20)) == set()
    assert len(codes("apology", date(2018, 6, 21))) == 4
    assert codes("forward", LAST_DISTRICT_DAY) == {"merger"}
    assert codes("forward", TWO_TIER) == {"merger", "not_competent", "applicant_moved"}
    assert codes("dance", TODAY) == set()


def test_given_a_code_then_its_reason_belongs_to_one_act() -> None:
    found = REF.act_reason("stop", "legal_obstacle")

    assert found is not None
    assert found == REF.act_reason(Act.STOP, "legal_obstacle")
    assert (found.act, found.code) == (Act.STOP, "legal_obstacle")
    assert REF.act_reason("apology", "legal_obstacle") is None
    assert REF.act_reason("stop", "because") is None


@pytest.mark.parametrize(
    ("on", "act", "reach"),
    [
        (date(2015, 12, 31), RedirectionAct.RETURN, None),
        (START, RedirectionAct.RETURN, None),
        (LETTER, RedirectionAct.RETURN, None),
        (AFTER_DIRECT, RedirectionAct.RETURN, None),
        (LAST_DISTRICT_DAY, RedirectionAct.RETURN, None),
        (TWO_TIER, RedirectionAct.FORWARD, Reach.PROVINCE),
        (TODAY, RedirectionAct.FORWARD, Reach.PROVINCE),
        (FIRST_NEW, RedirectionAct.FORWARD, Reach.PROVINCE),
    ],
)
def test_given_a_day_then_a_wrong_authority_returns_or_from_the_two_tiers_forwards(
    on: date, act: RedirectionAct, reach: Reach | None
) -> None:
    found = REF.redirection(on)

    assert (found.act, found.reach) == (act, reach)


def test_given_the_decree_that_lapses_then_the_redirection_after_it_is_unsure() -> None:
    confidences = [REF.redirection(day).confidence for day in (date(2027, 2, 28), FIRST_NEW)]

    assert confidences == [Confidence.FOUND, Confidence.LOW]
    assert "chưa rõ" in REF.redirection(FIRST_NEW).source


@pytest.mark.parametrize(
    ("on", "numbers"),
    [
        (START, (None,) * 7),
        (date(2019, 1, 5), (None,) * 7),
        (date(2019, 1, 6), ("01", "02", "03", "04", None, "05", "06")),
        (LETTER, ("01", "02", "03", "04", None, "05", "06")),
        (date(2025, 9, 14), ("01", "02", "03", "04", None, "05", "06")),
        (date(2025, 9, 15), ("01", "02", "03", "04", "05", "06", "07")),
        (TODAY, ("01", "02", "03", "04", "05", "06", "07")),
        (FIRST_NEW, ("01", "02", "03", "04", "05", "06", "07")),
    ],
)
def test_given_a_day_then_each_slip_has_the_form_of_the_circular_in_force(
    on: date, numbers: tuple[str | None, ...]
) -> None:
    forms = [REF.slip_form(key, on) for key in FORMS]

    assert tuple(form and form.number for form in forms) == numbers
    assert REF.slip_form(Slip.STOP, on) == REF.slip_form("stop", on)


def test_given_the_new_circular_then_the_apology_has_a_new_title() -> None:
    forms = [REF.slip_form("apology", day) for day in (date(2025, 9, 14), date(2025, 9, 15))]

    assert [form and form.title_vi for form in forms] == [
        "Phiếu xin lỗi và hẹn lại ngày trả kết quả",
        "Văn bản xin lỗi và đề nghị gia hạn",
    ]
    assert REF.slip_form("postcard", TODAY) is None


@pytest.mark.parametrize("on", REGIMES)
@pytest.mark.parametrize("code", ["1.001193", "3.000722"])
def test_given_any_regime_then_the_citizen_has_seven_working_days_and_the_limit_says_assumed(
    code: str, on: date
) -> None:
    found = supplement_limit(REF, code, on)

    assert found is not None
    assert (found.value, found.unit) == (7, LimitUnit.WORKING_DAY)
    assert found.assumption_vi is not None
    row = REF.time_limit(Stage.SUPPLEMENT, code, on)
    assert row is not None
    assert row.confidence is Confidence.LOW
    assert supplement_limit(REF, code, date(2015, 12, 31)) is None


@pytest.mark.parametrize("on", REGIMES)
def test_given_any_regime_then_an_apology_is_bounded_and_the_bound_says_assumed(on: date) -> None:
    found, row = apology_limit(REF, "1.001193", on), REF.time_limit(Stage.APOLOGY, "1.001193", on)

    assert found is not None
    assert row is not None
    assert (found.value, found.unit) == (30, LimitUnit.DAY)
    assert found.assumption_vi
    assert found.assumption_en
    assert row.confidence is Confidence.LOW
    assert apology_limit(REF, "1.001193", date(2015, 12, 31)) is None


def test_given_a_bound_in_working_days_when_read_then_refused(tmp_path: Path) -> None:
    change = ("time_limits.csv", "apology,*,30,day", "apology,*,30,working_day")

    with pytest.raises(BadReferenceData, match="counted in days"):
        changed_reference(tmp_path, [change])


def test_given_a_dossier_that_waits_for_a_supplement_then_it_may_be_withdrawn() -> None:
    asked = REF.status(5)

    assert asked is not None
    assert asked.next == (1, 2, 3, 4, 7, 8)
