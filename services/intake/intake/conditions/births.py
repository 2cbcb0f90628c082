"""The conditions of a birth."""

from typing import Final

from contracts.portal import FieldProblem
from intake.conditions.ages import is_certainly_at_least
from intake.conditions.matter import Found, Matter

KINDS: Final = frozenset({"birth", "birth_parent", "linked_birth"})
#: The linked procedure is for children who have not completed this year.
LINKED_UNDER_YEARS: Final = 6
_BIRTH = "Luật Hộ tịch 2014, Điều 14"
_RECOGNITION = "Luật Hộ tịch 2014, Điều 25"
_LINKED = "NĐ 63/2024/NĐ-CP; tên thủ tục 3.000722"


def check_birthplace(matter: Matter) -> Found:
    """Yield a problem unless the child was born in one place: a commune, or abroad.

    Source: Luật Hộ tịch 2014, Điều 14(1).
    """
    form = matter.form
    if form.kind not in KINDS or "child" not in form.people or form.birthplaces == 1:
        return
    detail = "Khai nơi sinh là một xã, phường, đặc khu hoặc một nơi ở nước ngoài."
    rule = "birthplace.missing" if form.birthplaces == 0 else "birthplace.twice"
    yield FieldProblem(
        field="form.child.birthplace_unit_code", rule=rule, detail=detail, source=_BIRTH
    )


def check_parents_are_older(matter: Matter) -> Found:
    """Yield a problem for each parent who was not born in a year before the child's.

    Source: Luật Hộ tịch 2014, Điều 14(1): the declared facts belong to one birth.
    """
    child = matter.form.people.get("child")
    if matter.form.kind not in KINDS or child is None or child.born_on is None:
        return
    for role in ("mother", "father"):
        parent = matter.form.people.get(role)
        if parent is None or parent.born_on is None:
            continue
        if parent.born_on.year >= child.born_on.year:
            detail = "Cha, mẹ phải sinh trước con."
            yield FieldProblem(
                field=f"form.{role}.born_on",
                rule="parent.not_older",
                detail=detail,
                source=_BIRTH,
            )


def check_recognising_parent(matter: Matter) -> Found:
    """Yield a problem if the father recognises the child and is not declared.

    Source: Luật Hộ tịch 2014, Điều 25.
    """
    form = matter.form
    if form.kind != "birth_parent" or form.recognised_by != "father" or "father" in form.people:
        return
    detail = "Người cha nhận con thì phải khai thông tin của người cha."
    yield FieldProblem(
        field="form.father", rule="recognition.parent_missing", detail=detail, source=_RECOGNITION
    )


def check_linked_age(matter: Matter) -> Found:
    """Yield a problem if the child of a linked procedure has completed six years.

    Source: NĐ 63/2024/NĐ-CP; the name of procedure 3.000722.
    """
    child = matter.form.people.get("child")
    if matter.form.kind != "linked_birth" or child is None or child.born_on is None:
        return
    if is_certainly_at_least(child.born_on, LINKED_UNDER_YEARS, matter.on):
        detail = f"Thủ tục liên thông chỉ dành cho trẻ em dưới {LINKED_UNDER_YEARS} tuổi."
        yield FieldProblem(
            field="form.child.born_on", rule="linked_birth.too_old", detail=detail, source=_LINKED
        )
