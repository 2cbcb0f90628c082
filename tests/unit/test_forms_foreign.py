"""The foreign element: when there is one, and the procedure and authority of each regime."""

from datetime import UTC, datetime
from typing import Any

import pytest

from contracts.portal import FieldProblem, Submission
from intake.reading import check_submission
from reference import load
from tests.unit.intake_kit import NATIONAL, NOW, a_birth, a_change, a_death, a_marriage

LAW = load()
LAST_DISTRICT_DAY = datetime(2025, 6, 30, 3, 0, tzinfo=UTC)
FIRST_COMMUNE_DAY = datetime(2025, 7, 1, 3, 0, tzinfo=UTC)
OLD_COMMUNE = {"unit_code": "26734", "residence_unit_code": "26734"}
ABROAD = {"kind": "permanent", "abroad": "Viêng Chăn"}
PASSPORT = {"kind": "passport", "number": "X0000001"}


def check(document: dict[str, Any], now: datetime = NOW) -> Any:
    if now == LAST_DISTRICT_DAY:
        document |= OLD_COMMUNE
    document |= {"submitted_at": now.isoformat()}
    return check_submission(document, NATIONAL, now, LAW)


def rules(document: dict[str, Any], now: datetime = NOW) -> list[str]:
    found = check(document, now)
    return [] if isinstance(found, Submission) else [one.rule for one in found]


def told(document: dict[str, Any], now: datetime) -> list[tuple[str, str, str]]:
    """Return rule, named procedure and named authority of what is wrong with the procedure."""
    found = check(document, now)
    return [
        (
            one.rule,
            one.detail.partition("thủ tục ")[2][:8],
            "district" if "cấp huyện giải quyết" in one.detail else "commune",
        )
        for one in (() if isinstance(found, Submission) else found)
        if one.field == "procedure_code"
    ]


def a_family(child: dict[str, Any], father: dict[str, Any] | None, code: str) -> dict[str, Any]:
    document = a_birth(procedure_code=code)
    document["form"]["child"] |= {"born_on": "2025-06-01"} | child
    if father is not None:
        document["form"]["father"] = document["form"]["mother"] | {
            "personal_number": None,
            **father,
        }
    return document


FOREIGN = {
    "the father's nationality": a_family({}, {"nationality": "LA"}, "1.001193"),
    "a father settled abroad": a_family({}, {"residence": ABROAD}, "1.001193"),
    "the child's nationality": a_family({"nationality": "LA"}, None, "1.001193"),
    "a birth abroad": a_family(
        {
            "birthplace_unit_code": None,
            "birthplace_abroad": {"country": "LA", "detail": "Viêng Chăn"},
        },
        None,
        "1.001193",
    ),
}


@pytest.mark.parametrize(
    ("now", "authority"), [(LAST_DISTRICT_DAY, "district"), (FIRST_COMMUNE_DAY, "commune")]
)
@pytest.mark.parametrize("document", FOREIGN.values(), ids=FOREIGN.keys())
def test_given_a_foreign_birth_when_sent_as_another_then_procedure_and_authority_are_named(
    document, now, authority
):
    assert told(dict(document), now) == [("procedure.foreign_element", "2.000528", authority)]


def test_given_a_foreign_element_then_it_is_told_in_words():
    (problem,) = check(a_marriage({"nationality": "LA"}, {}), FIRST_COMMUNE_DAY)

    other = LAW.procedure("2.000806", FIRST_COMMUNE_DAY.date())
    assert other is not None
    assert problem == FieldProblem(
        field="procedure_code",
        rule="procedure.foreign_element",
        detail="Hồ sơ có yếu tố nước ngoài; dùng thủ tục 2.000806 «Đăng ký kết hôn có yếu tố nước "
        "ngoài», do Ủy ban nhân dân cấp xã giải quyết.",
        source=other.source,
    )


@pytest.mark.parametrize(
    ("document", "other"),
    [
        (a_marriage({"nationality": "LA"}, {}), "2.000806"),
        (a_marriage({}, {"residence": ABROAD}), "2.000806"),
        (a_change("addition", "home_town", old=None, person={"nationality": "LA"}), "2.000748"),
    ],
)
def test_given_another_foreign_matter_then_its_own_procedure_is_named(document, other):
    assert told(dict(document), LAST_DISTRICT_DAY) == [
        ("procedure.foreign_element", other, "district")
    ]


def test_given_a_foreigner_who_died_then_the_procedure_for_it_is_named():
    document = a_death("1950", "2026-11-20")
    document["form"]["deceased"]["nationality"] = "LA"

    assert told(document, NOW) == [("procedure.foreign_element", "1.001766", "commune")]


@pytest.mark.parametrize(
    ("document", "found"),
    [
        (a_family({}, {"nationality": "LA"}, "2.000528"), []),
        (a_family({}, None, "2.000528"), ["procedure.no_foreign_element"]),
        (a_family({}, {"residence": ABROAD | {"kind": "temporary"}}, "1.001193"), []),
        (a_marriage({"nationality": "LA"}, {}, procedure_code="2.000806"), []),
        (a_marriage({}, {}, procedure_code="2.000806"), ["procedure.no_foreign_element"]),
    ],
)
def test_given_the_procedure_with_a_foreign_element_then_there_is_one(document, found):
    assert rules(dict(document)) == found


def test_given_a_border_procedure_then_the_commune_sees_for_itself():
    assert rules(a_family({}, None, "1.000110")) == []


def test_given_nobody_foreign_then_the_procedure_without_is_named():
    document = a_marriage({}, {}, procedure_code="2.000806")

    assert told(document, NOW) == [("procedure.no_foreign_element", "1.000894", "commune")]


def test_given_a_nationality_that_cannot_be_read_then_only_the_schema_speaks():
    document = a_marriage({"nationality": "Lào"}, {}, procedure_code="2.000806")

    assert rules(document) == ["string_pattern_mismatch"]


def test_given_a_certificate_for_a_foreigner_then_its_one_procedure_takes_everyone():
    person = {
        "full_name": "John Sample",
        "born_on": "1990",
        "paper": PASSPORT,
        "ethnicity": "Không",
        "nationality": "US",
    }
    form = {"kind": "marital_status", "person": person, "purpose": "marriage"}

    assert rules(a_birth(procedure_code="1.004873", form=form, attachments=[])) == []


# --- changes: the age decides as long as there are districts

_FOURTEEN = "2011-06-30"
_ALMOST = "2011-07-01"


@pytest.mark.parametrize(
    ("matter", "item", "born_on", "found"),
    [
        ("change", "given_name", _FOURTEEN, [("procedure.district", "2.000748", "district")]),
        ("change", "given_name", _ALMOST, []),
        ("correction", "sex", _FOURTEEN, [("procedure.district", "2.000748", "district")]),
        ("correction", "sex", "2010", [("procedure.district", "2.000748", "district")]),
        ("correction", "sex", "2011", []),
        ("addition", "home_town", _FOURTEEN, []),
        (
            "ethnicity_redetermination",
            "ethnicity",
            _ALMOST,
            [("procedure.district", "2.000748", "district")],
        ),
    ],
)
def test_given_a_change_on_the_last_district_day_then_age_and_matter_decide(
    matter, item, born_on, found
):
    old = None if matter == "addition" else "Cũ"
    document = a_change(matter, item, old=old, person={"born_on": born_on})

    assert told(document, LAST_DISTRICT_DAY) == found


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (LAST_DISTRICT_DAY, []),
        (FIRST_COMMUNE_DAY, [("procedure.no_foreign_element", "1.004859", "commune")]),
    ],
)
def test_given_an_adults_correction_by_the_districts_procedure_then_the_day_decides(now, found):
    assert told(a_change("correction", "sex", procedure_code="2.000748"), now) == found


def test_given_an_adults_correction_on_the_first_commune_day_then_the_commune_takes_it():
    assert told(a_change("correction", "sex"), FIRST_COMMUNE_DAY) == []


def test_given_a_childs_change_by_the_districts_procedure_then_the_communes_is_named():
    document = a_change(
        "change", "given_name", person={"born_on": _ALMOST}, procedure_code="2.000748"
    )

    assert told(document, LAST_DISTRICT_DAY) == [
        ("procedure.no_foreign_element", "1.004859", "commune")
    ]
