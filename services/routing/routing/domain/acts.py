"""What an officer may do with a case now, and why not: the one source for rules and desk."""

from collections.abc import Callable, Mapping

from contracts.decision import Refused
from routing.domain.appointments import apology_in_time, overdue, verified_due
from routing.domain.case import Case, RoutingContext, Status
from routing.domain.law import missing_papers

#: Every act, in the order officers see them, and the statuses it is possible in.
ACTS: Mapping[str, frozenset[Status]] = {
    "accept": frozenset({"received"}),
    "supplement": frozenset({"received"}),
    "refuse": frozenset({"received", "stopped"}),
    "wrong_authority": frozenset({"received"}),
    "forward": frozenset({"received"}),
    "withdraw": frozenset({"received", "supplement", "stopped"}),
    "stop": frozenset({"received", "accepted"}),
    "resume": frozenset({"stopped"}),
    "apologise": frozenset({"accepted"}),
    "verify": frozenset({"accepted"}),
    "hand_over": frozenset({"registered"}),
}

NOT_IN_THIS_STATUS = "The dossier is not in a status that allows this act."
PAPERS_MISSING = "Required papers are missing."
ONE_SUPPLEMENT = (
    "A supplement was asked for before; the law allows it once"
    " (NĐ 61/2018/NĐ-CP, NĐ 118/2025/NĐ-CP)."
)
NO_APPOINTMENT = "The dossier has no appointment to move."
ONE_APOLOGY = "An apology was sent before; the law allows one (NĐ 61/2018/NĐ-CP, Điều 19)."
APOLOGY_TOO_LATE = (
    "An apology goes out at least one day before the appointment (NĐ 61/2018/NĐ-CP, Điều 19)."
)
ONE_VERIFICATION = "The appointment was moved for a check before; that happens once."
MISSED = "The appointment is over; a missed one is not moved."
NO_VERIFICATION = "The procedure gives no more time for asking another authority."

_Why = Callable[[Case, RoutingContext], str | None]


def allowed_acts(case: Case, context: RoutingContext) -> tuple[str, ...]:
    """Return what an officer may do with the case now, in the order of ACTS."""
    return tuple(act for act in ACTS if why_not(act, case, context) is None)


def why_not(act: str, case: Case, context: RoutingContext) -> str | None:
    """Return why that act is not possible now, or None if it is."""
    if case.status not in ACTS[act]:
        return NOT_IN_THIS_STATUS
    further = _FURTHER.get(act)
    return None if further is None else further(case, context)


def refusal(case: Case, context: RoutingContext, reason: str) -> Refused:
    """Return the no to an act, with the acts that are possible instead."""
    return Refused(allowed_acts(case, context), reason)


def _accept(case: Case, context: RoutingContext) -> str | None:
    return PAPERS_MISSING if missing_papers(case, context) else None


def _supplement(case: Case, context: RoutingContext) -> str | None:
    return ONE_SUPPLEMENT if case.supplements else None


def _apologise(case: Case, context: RoutingContext) -> str | None:
    if case.appointment is None:
        return NO_APPOINTMENT
    if case.apologies:
        return ONE_APOLOGY
    return None if apology_in_time(case, context) else APOLOGY_TOO_LATE


def _verify(case: Case, context: RoutingContext) -> str | None:
    if case.appointment is None:
        return NO_APPOINTMENT
    if case.verifications:
        return ONE_VERIFICATION
    if overdue(case, context.now):
        return MISSED
    return None if verified_due(case, context) else NO_VERIFICATION


_FURTHER: Mapping[str, _Why] = {
    "accept": _accept,
    "supplement": _supplement,
    "apologise": _apologise,
    "verify": _verify,
}
