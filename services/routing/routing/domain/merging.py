"""Who goes on with a dossier: the successor of a unit that is no more, and how it gets there."""

from datetime import date

from contracts.events import EventData, Forwarded
from reference import Succession
from routing.domain import clock
from routing.domain.case import AUTOMATIC, Case, RoutingContext
from routing.domain.law import decided_on, law_day


def heir_of(case: Case, context: RoutingContext) -> Succession | None:
    """Return who goes on for the unit that holds the case; None if it stands under its code.

    Source: QĐ 19/2025/QĐ-TTg; NQ 202/2025/QH15; NĐ 120/2025/NĐ-CP, Điều 4.
    """
    heir = _successor(case, context)
    return None if heir is None or heir.unit_code == case.unit_code else heir


def _successor(case: Case, context: RoutingContext) -> Succession | None:
    on, written_on = decided_on(context), case.unit_on or law_day(case, context)
    if on == written_on:
        return None
    return context.reference.successor(case.unit_code, case.residence_unit_code, on, written_on)


def moved_on(
    case: Case, events: tuple[EventData, ...], context: RoutingContext
) -> tuple[Case, tuple[EventData, ...]]:
    """Return the case, at the successor if its unit is no more, and the events with that move.

    A successor of the same code has it already; from now on the code is meant on its own map.
    """
    heir = _successor(case, context)
    if heir is None:
        return case, events
    on = decided_on(context)
    if heir.unit_code == case.unit_code:
        return case.but(unit_on=on), events
    sent = handed_to(case, heir.unit_code, on, context)
    event = forwarded(case, sent, "merger", heir.source, AUTOMATIC, context)
    return sent, (*events, event.model_copy(update={"certain": heir.certain}))


def handed_to(case: Case, unit_code: str, on: date, context: RoutingContext) -> Case:
    """Return the case at another unit of that day's map; those it has left are remembered.

    A unit that is not on that map, or another one by now, is none a dossier could come back to.
    """
    known, since = context.reference, case.unit_on or law_day(case, context)
    left = [
        code
        for code in (*case.units_before, case.unit_code)
        if on == since or known.unit(code, on) == known.unit(code, since)
    ]
    return case.but(unit_code=unit_code, unit_on=on, units_before=tuple(left))


def forwarded(
    case: Case, sent: Case, reason: str, source: str, actor: str, context: RoutingContext
) -> Forwarded:
    """Return the event of a move; it says until when a dossier on the desk is to be looked at."""
    return Forwarded(
        from_unit_code=case.unit_code,
        to_unit_code=sent.unit_code,
        reason=reason,
        source=source,
        actor=actor,
        reference_version=context.reference.version,
        reception_due=sent.reception_due if sent.status == "received" else None,
        province_code=clock.province_of(sent, context),
    )
