"""A submission after its supplement: what takes the place of what, and what is against it."""

from datetime import date
from typing import Any

from contracts.portal import Submission, Supplement
from intake.supplementing import problems_after, with_supplement
from reference import load
from tests.unit.intake_kit import NATIONAL, a_birth

LAW = load()
LEGACY = {"kind": "legacy", "register_holds_form": True}


def submitted(**changes: Any) -> Submission:
    return Submission.model_validate(a_birth(**changes))


def a_paper(kind: str, name: str) -> dict[str, Any]:
    (paper,) = a_birth()["attachments"]
    return paper | {"kind": kind, "name": name}


def added(**changes: Any) -> Supplement:
    at = {"portal_reference": "DVCQG-1", "resubmitted_at": "2026-11-24T09:00:00+07:00"}
    return Supplement.model_validate(at | changes)


def law_of(before: Submission, supplement: Supplement) -> list[tuple[str, str]]:
    found = problems_after(before, supplement, NATIONAL, LAW)
    return [(one.detail, one.source) for one in found]


def rules(before: Submission, supplement: Supplement) -> list[tuple[str, str]]:
    found = problems_after(before, supplement, NATIONAL, LAW)
    return [(one.field, one.rule) for one in found]


def test_given_papers_then_those_of_their_kinds_go_and_all_else_stays():
    before = submitted(attachments=[a_paper("birth_notification", "1"), a_paper("x", "2")])
    papers = [a_paper("x", "3"), a_paper("x", "4"), a_paper("y", "5")]

    after = with_supplement(before, added(attachments=papers))

    assert [(one.kind, one.name) for one in after.attachments] == [
        ("birth_notification", "1"),
        ("x", "3"),
        ("x", "4"),
        ("y", "5"),
    ]
    assert after == before.model_copy(update={"attachments": after.attachments})


def test_given_a_form_then_it_takes_the_place_of_the_one_before():
    form = a_birth()["form"] | {"note": "Đã sửa."}

    after = with_supplement(submitted(), added(form=form))

    assert after == submitted(form=form)


def test_given_what_was_taken_then_it_is_not_held_against_a_good_form_but_a_bad_one_is():
    before = submitted(province_code="74")
    good = a_birth()["form"] | {"note": "Đã sửa."}
    bad = good | {"child": good["child"] | {"nationality": "FR"}}

    assert rules(before, added(form=good)) == []
    assert rules(before, added(form=bad)) == [("procedure_code", "procedure.foreign_element")]


def test_given_a_form_the_register_holds_then_a_supplement_has_to_bring_it():
    papers, form = [a_paper("kinship_proof", "1")], a_birth()["form"]
    legacy = submitted(form=LEGACY)

    assert rules(legacy, added(attachments=papers)) == [("form", "form.needed")]
    assert law_of(legacy, added(attachments=papers)) == [
        (
            "Hồ sơ được chuyển từ hệ thống cũ nên chưa có biểu mẫu điện tử; khi bổ sung phải gửi"
            " kèm biểu mẫu đầy đủ.",
            "Công văn Cục CNTT, Bộ Tư pháp, 12/10/2021",
        )
    ]
    assert rules(legacy, added(attachments=papers, form=form)) == []
    after = with_supplement(legacy, added(form=form))
    assert rules(after, added(attachments=papers)) == []


def test_given_no_form_before_then_a_new_one_is_looked_at_whole():
    day = date(2026, 11, 24)
    without_form = next(
        one.code for one in LAW.procedures if one.form is None and one.is_valid(day)
    )
    form = a_birth()["form"]

    assert rules(submitted(form=LEGACY), added(form=form)) == []
    assert rules(submitted(form=LEGACY, procedure_code="1.000656"), added(form=form)) == [
        ("form.kind", "form.other_procedure")
    ]
    assert rules(submitted(form=LEGACY, procedure_code=without_form), added(form=form)) == [
        ("procedure_code", "procedure.no_form")
    ]
