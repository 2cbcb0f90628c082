"""The conditions of a death."""

from contracts.portal import FieldProblem
from intake.conditions.matter import Found, Matter

_DEATHS = "Luật Hộ tịch 2014, Điều 33"


def check_order(matter: Matter) -> Found:
    """Yield a problem if someone certainly died before being born; the same day is possible.

    Of partial dates the last day of death counts and the first day of birth.

    Source: Luật Hộ tịch 2014, Điều 33.
    """
    dead, died_on = matter.form.people.get("deceased"), matter.form.died_on
    if dead is None or dead.born_on is None or died_on is None:
        return
    if died_on.latest() < dead.born_on.earliest():
        detail = "Ngày chết không được trước ngày sinh."
        yield FieldProblem(
            field="form.died_on", rule="death.before_birth", detail=detail, source=_DEATHS
        )
