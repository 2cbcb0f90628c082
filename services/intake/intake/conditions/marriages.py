"""The conditions of a marriage, and who must prove their identity."""

from typing import Final

from contracts.portal import FieldProblem
from intake.conditions.ages import is_certainly_under
from intake.conditions.matter import Found, Matter

#: Full years from which one may marry.
MARRIAGE_YEARS: Final = {"groom": 20, "bride": 18}
_NAMES = {"groom": "Nam", "bride": "Nữ"}
_AGES = "Luật Hôn nhân và gia đình 2014, Điều 8"
_IDENTITY = "Luật Hộ tịch 2014, Điều 17; NĐ 123/2015/NĐ-CP, Điều 2"


def check_ages(matter: Matter) -> Found:
    """Yield a problem for each spouse who is too young on the day.

    Source: Luật Hôn nhân và gia đình 2014, Điều 8(1)(a): a man of full 20, a woman of full 18.
    """
    for role, years in MARRIAGE_YEARS.items():
        spouse = matter.form.people.get(role)
        if spouse is None or spouse.born_on is None:
            continue
        if is_certainly_under(spouse.born_on, years, matter.on):
            detail = f"{_NAMES[role]} phải từ đủ {years} tuổi trở lên mới được kết hôn."
            yield FieldProblem(
                field=f"form.{role}.born_on", rule="marriage.too_young", detail=detail, source=_AGES
            )


def check_two_people(matter: Matter) -> Found:
    """Yield a problem if both spouses declare the same personal number.

    Source: Luật Hôn nhân và gia đình 2014, Điều 3(5): a marriage is between a man and a woman.
    """
    spouses = [matter.form.people.get(role) for role in MARRIAGE_YEARS]
    numbers = [spouse.personal_number for spouse in spouses if spouse is not None]
    if len(numbers) == 2 and numbers[0] is not None and numbers[0] == numbers[1]:
        detail = "Hai bên kết hôn không thể cùng một số định danh cá nhân."
        yield FieldProblem(
            field="form.bride.personal_number",
            rule="marriage.same_person",
            detail=detail,
            source="Luật Hôn nhân và gia đình 2014, Điều 3",
        )


def check_identities(matter: Matter) -> Found:
    """Yield a problem for each person who must prove who they are and declares nothing for it.

    A Vietnamese declares the personal number, a foreigner a paper; who declares either is left
    to the officer.

    Source: Luật Hộ tịch 2014, Điều 17; NĐ 123/2015/NĐ-CP, Điều 2.
    """
    if matter.form.kind not in ("marriage", "marital_status"):
        return
    for role, person in matter.form.people.items():
        if person.has_number or person.has_paper:
            continue
        field, detail = "personal_number", "Phải khai số định danh cá nhân."
        if person.nationality not in (None, "VN"):
            field, detail = "paper", "Người nước ngoài phải khai giấy tờ chứng minh nhân thân."
        yield FieldProblem(
            field=f"form.{role}.{field}", rule="identity.missing", detail=detail, source=_IDENTITY
        )
