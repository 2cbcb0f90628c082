"""Which unit of today holds a dossier: codes are used again, and units end."""

from contracts.model import local_day
from routing.domain import Case, RoutingContext
from routing.rows import mapped_on


def holder_of(case: Case, context: RoutingContext) -> str | None:
    """Return the code of the unit of today whose officers find the case; None if nobody does.

    It is the unit the case was given to, or who goes on for it today: decided dossiers are handed
    on by no event, and their reader is the heir. Nobody holds those of a unit that ended without
    an heir and whose code is another place now.

    Source: QĐ 19/2025/QĐ-TTg; NQ 202/2025/QH15; NĐ 120/2025/NĐ-CP, Điều 4.
    """
    known, code = context.reference, case.unit_code
    today, written_on = local_day(context.now), mapped_on(case)
    heir = known.successor(code, case.residence_unit_code, today, written_on)
    if heir is not None:
        return heir.unit_code
    then = None if written_on is None else known.unit(code, written_on)
    now = known.unit(code, today)
    return None if then is not None and now is not None and then != now else code
