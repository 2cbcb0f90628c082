"""What a personal number says of its bearer."""

from datetime import date

from contracts.forms import Sex
from contracts.portal import FieldProblem
from intake.conditions.matter import Found, Matter

#: The birthplace code nobody has: numbers of invented people say nothing.
_NOWHERE = "000"
_FIRST_CENTURY = 19
_SOURCE = "NĐ 137/2015/NĐ-CP, Điều 13; TT 59/2021/TT-BCA"


def is_number_of(personal_number: str, sex: Sex, born_on: date) -> bool:
    """Return whether the number may be that of a person of this sex and birth year.

    The fourth digit tells century and sex (1900s 0 and 1, 2000s 2 and 3, to the 2300s), the next
    two the year. True for invented numbers and for years outside these centuries.

    Source: NĐ 137/2015/NĐ-CP, Điều 13; TT 59/2021/TT-BCA.
    """
    century = born_on.year // 100 - _FIRST_CENTURY
    if personal_number.startswith(_NOWHERE) or not 0 <= century <= 4:
        return True
    digit = 2 * century + (sex == "female")
    return personal_number[3:6] == f"{digit}{born_on.year % 100:02d}"


def check_numbers(matter: Matter) -> Found:
    """Yield a problem for each personal number that contradicts the sex and birth year declared.

    Not of a change: its very matter may be a wrong sex or birth year.

    Source: NĐ 137/2015/NĐ-CP, Điều 13; TT 59/2021/TT-BCA.
    """
    if matter.form.kind == "change":
        return
    for role, person in matter.form.people.items():
        number, sex, born_on = person.personal_number, person.sex, person.born_on
        if number is None or sex is None or born_on is None:
            continue
        if not is_number_of(number, sex, born_on.earliest()):
            detail = "Số định danh cá nhân không khớp giới tính và năm sinh đã khai."
            yield FieldProblem(
                field=f"form.{role}.personal_number",
                rule="personal_number.mismatch",
                detail=detail,
                source=_SOURCE,
            )
