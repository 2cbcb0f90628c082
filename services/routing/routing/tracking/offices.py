"""What the authority of a dossier is called today, and what it was called when it got it."""

from dataclasses import dataclass
from datetime import date

from contracts.model import local_day
from reference import Reference
from routing.domain import Case, RoutingContext
from routing.holding import holder_of
from routing.rows import mapped_on
from routing.slips.places import place_of


@dataclass(frozen=True)
class Office:
    """A unit by its name and province today; `before` is its former name if that was another."""

    name: str
    before: str = ""


def office_of(case: Case, context: RoutingContext) -> Office | None:
    """Return the authority that holds the case; None before one is known.

    Source: QĐ 19/2025/QĐ-TTg; NQ 202/2025/QH15.
    """
    if not case.unit_code:
        return None
    known, today = context.reference, local_day(context.now)
    then = name_of(case.unit_code, mapped_on(case) or today, known)
    holder = holder_of(case, context)
    now = then if holder is None else name_of(holder, today, known)
    return Office(now, "" if now == then else then)


def name_of(unit_code: str, on: date, known: Reference) -> str:
    """Return the name of a unit of that day with its province: `phường Sài Gòn, Thành phố …`."""
    place = place_of(unit_code, on, known)
    return ", ".join(part for part in (place.unit, place.province) if part)
