"""The form of imported dossiers, which no portal may submit."""

from contracts.portal import FieldProblem
from intake.conditions.matter import Found, Matter

_LETTER = "Công văn Cục CNTT, Bộ Tư pháp, 12/10/2021"


def check_not_for_portals(matter: Matter) -> Found:
    """Yield a problem for the form that stands for one the register holds.

    Source: letter of 12 October 2021: what the old subsystem holds is brought over, once.
    """
    if matter.form.kind == "legacy":
        detail = "Biểu mẫu này chỉ dùng khi chuyển hồ sơ cũ, không nộp qua cổng dịch vụ công."
        yield FieldProblem(
            field="form.kind", rule="form.not_for_portals", detail=detail, source=_LETTER
        )
