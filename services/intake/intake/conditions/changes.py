"""The conditions of a change, a correction, an addition or a redetermined ethnicity."""

from typing import Final

from contracts.forms import Item
from contracts.portal import FieldProblem
from intake.conditions.ages import is_certainly_at_least
from intake.conditions.matter import Found, Matter

#: From this age a change or correction was the district's, as long as there were districts.
DISTRICT_FROM_YEARS: Final = 14
#: What may be changed at all; what is wrong is corrected instead. What another law may let be
#: changed is left to the officer.
CHANGEABLE: Final[frozenset[Item]] = frozenset(
    {"surname", "middle_name", "given_name", "mother", "father", "sex", "other"}
)
_CHANGES = "Luật Hộ tịch 2014, Điều 26"
_ETHNICITY = "BLDS 2015, Điều 29"


def is_of_the_foreign_procedure(matter: Matter) -> bool:
    """Return whether the district was competent for the change whoever is concerned.

    Certainly 14 or older and a change or correction, or a redetermined ethnicity. A birth date
    known in part leaves it to the officer.

    Source: Luật Hộ tịch 2014, Điều 27, 46(3).
    """
    person, change = matter.form.people.get("person"), matter.form.change
    if change == "ethnicity_redetermination":
        return True
    if change not in ("change", "correction") or person is None or person.born_on is None:
        return False
    return is_certainly_at_least(person.born_on, DISTRICT_FROM_YEARS, matter.on)


def check_items(matter: Matter) -> Found:
    """Yield a problem for each item that this kind of change cannot be about.

    A change is of names, of the parents after an adoption, or of the sex; a redetermination is
    of the ethnicity.

    Source: Luật Hộ tịch 2014, Điều 26; BLDS 2015, Điều 29, 36.
    """
    change = matter.form.change
    if matter.form.kind != "change" or change is None:
        return
    for index, item in enumerate(matter.form.items):
        field = f"form.items.{index}.item"
        if item is None:
            continue
        if change == "change" and item not in CHANGEABLE:
            detail = "Nội dung này không được thay đổi; nếu có sai sót thì đề nghị cải chính."
            yield FieldProblem(
                field=field, rule="change.not_changeable", detail=detail, source=_CHANGES
            )
        elif change == "ethnicity_redetermination" and item != "ethnicity":
            detail = "Xác định lại dân tộc chỉ áp dụng cho nội dung dân tộc."
            yield FieldProblem(
                field=field, rule="change.not_ethnicity", detail=detail, source=_ETHNICITY
            )
