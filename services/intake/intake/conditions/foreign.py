"""The foreign element: when there is one, and the procedure it takes."""

from contracts.portal import FieldProblem
from intake.conditions import changes
from intake.conditions.births import KINDS as BIRTHS
from intake.conditions.matter import Found, Matter
from intake.declared_form import DeclaredForm
from reference import Level, Procedure

_AUTHORITY = {
    Level.DISTRICT: "Ủy ban nhân dân cấp huyện",
    Level.COMMUNE: "Ủy ban nhân dân cấp xã",
    Level.ANY: "cơ quan quản lý cơ sở dữ liệu hộ tịch",
}


def has_foreign_element(form: DeclaredForm) -> bool:
    """Return whether a form declares a foreign element.

    Someone in it has another nationality or is settled abroad, or a child was born abroad. A
    second nationality besides the Vietnamese one cannot be declared and is not seen.

    Source: Luật Hộ tịch 2014, Điều 35 (births), 37 (marriages), 43 (recognitions), 46 (changes),
    51 (deaths).
    """
    people = form.people.values()
    if any(p.settled_abroad or p.nationality not in (None, "VN") for p in people):
        return True
    return form.kind in BIRTHS and form.born_abroad


def check_foreign_element(matter: Matter) -> Found:
    """Yield a problem if the matter needs the procedure with a foreign element; names it.

    Also for the changes that districts decided, while there were districts. A procedure that has
    no counterpart takes everyone.

    Source: Luật Hộ tịch 2014, Điều 7, 35, 37, 43, 46, 51; from 2025-07-01 NĐ 120/2025/NĐ-CP,
    Điều 4.
    """
    procedure, other = matter.procedure, matter.counterpart
    if procedure is None or procedure.foreign_element or not _has_form(procedure, matter):
        return
    if other is None:
        return
    if has_foreign_element(matter.form):
        rule, why = "procedure.foreign_element", "Hồ sơ có yếu tố nước ngoài"
    elif _is_districts_change(matter, other):
        rule, why = "procedure.district", "Việc này thuộc thẩm quyền cấp huyện"
    else:
        return
    yield _problem(rule, why, other)


def check_no_foreign_element(matter: Matter) -> Found:
    """Yield a problem if the procedure is for a foreign element and there is none; names the other.

    Source: Luật Hộ tịch 2014, Điều 7, 35, 37, 43, 46, 51.
    """
    procedure, other = matter.procedure, matter.counterpart
    if procedure is None or not procedure.foreign_element or not _has_form(procedure, matter):
        return
    # In border areas neighbours come over; only the commune knows who they are.
    if other is None or procedure.key.endswith("_border") or not _is_read(matter.form):
        return
    if has_foreign_element(matter.form) or _is_districts_change(matter, procedure):
        return
    yield _problem("procedure.no_foreign_element", "Hồ sơ không có yếu tố nước ngoài", other)


def _is_districts_change(matter: Matter, procedure: Procedure) -> bool:
    """Return whether the change is one districts decided, on a day when there are districts."""
    if matter.form.kind != "change" or procedure.level is not Level.DISTRICT:
        return False
    return changes.is_of_the_foreign_procedure(matter)


def _has_form(procedure: Procedure, matter: Matter) -> bool:
    return procedure.form is not None and procedure.form.value == matter.form.kind


def _is_read(form: DeclaredForm) -> bool:
    """Return whether everyone's nationality could be read; else the schema has a problem."""
    return bool(form.people) and all(one.nationality for one in form.people.values())


def _problem(rule: str, why: str, other: Procedure) -> FieldProblem:
    authority = _AUTHORITY[other.level]
    return FieldProblem(
        field="procedure_code",
        rule=rule,
        detail=f"{why}; dùng thủ tục {other.code} «{other.name_vi}», do {authority} giải quyết.",
        source=other.source,
    )
