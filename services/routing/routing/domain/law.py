"""Which law a case is under, and what that law asks of it."""

from datetime import date
from functools import lru_cache

from contracts.events import Returned
from contracts.model import ReturnKind, local_day
from reference import ActReason, Procedure, Reference
from reference.rows import ReturnReason
from routing.domain.case import Case, RoutingContext

#: Said by the register or by a machine alone; an officer has their own reasons.
NOT_AN_OFFICERS = frozenset(
    {"register_needs_supplement", "register_refused", "supplement_not_received"}
)
#: A supplement for this reason names the papers.
MISSING_PAPER = "missing_paper"
#: How many answers are remembered; each depends on its arguments alone.
REMEMBERED = 4096


def decided_on(context: RoutingContext) -> date:
    """Return the day of the decision in Vietnam."""
    return local_day(context.now)


def law_day(case: Case, context: RoutingContext) -> date:
    """Return the day whose law applies: that of the submission."""
    return local_day(case.submitted_at or context.now)


def procedure_of(case: Case, context: RoutingContext) -> Procedure | None:
    """Return the case's procedure as it stood on the day of submission, or None."""
    return context.reference.procedure(case.procedure_code, law_day(case, context))


def missing_papers(case: Case, context: RoutingContext) -> tuple[str, ...]:
    """Return the kinds of paper the next reception asks for and the dossier lacks.

    Those of the procedure; for a dossier the register has had, only what the supplement named:
    its papers were enough for the first reception, here or on the old road.

    Source: the procedure's row in the reference data.
    """
    wanted = _wanted_papers(case, context)
    return tuple([kind for kind in wanted if kind not in case.papers]) if wanted else ()


def _wanted_papers(case: Case, context: RoutingContext) -> tuple[str, ...]:
    if case.rounds or case.at_register:
        return _asked_papers(case)
    procedure = procedure_of(case, context)
    return () if procedure is None else procedure.attachments


def _asked_papers(case: Case) -> tuple[str, ...]:
    """Return the papers the last supplement named; empty if it named none or none was asked."""
    for slip in reversed(case.issued):
        if isinstance(slip.data, Returned) and slip.data.kind == "supplement":
            return slip.data.papers
    return ()


def competent_units(case: Case, context: RoutingContext) -> frozenset[str]:
    """Return the units competent on the day of submission; empty for no such procedure.

    Source: Luật Hộ tịch 2014, Điều 7, 35, 63; NĐ 120/2025/NĐ-CP, Điều 4.
    """
    on = law_day(case, context)
    return _competent(context.reference, case.procedure_code, case.residence_unit_code, on)


@lru_cache(maxsize=REMEMBERED)
def _competent(
    known: Reference, procedure_code: str, residence_unit_code: str, on: date
) -> frozenset[str]:
    procedure = known.procedure(procedure_code, on)
    if procedure is None:
        return frozenset()
    return known.competent_units(procedure, residence_unit_code, on)


def act_reason(act: str, code: str, case: Case, context: RoutingContext) -> ActReason | None:
    """Return the reason an officer may give for an act under the law of the submission, or None.

    Source: NĐ 61/2018/NĐ-CP, Điều 19; TT 03/2025/TT-VPCP.
    """
    return next((row for row in act_reasons(act, case, context) if row.code == code), None)


def act_reasons(act: str, case: Case, context: RoutingContext) -> tuple[ActReason, ...]:
    """Return the reasons an officer may give for an act under the law of the submission.

    Source: NĐ 61/2018/NĐ-CP, Điều 19; TT 03/2025/TT-VPCP.
    """
    rows = context.reference.act_reasons_of(act, law_day(case, context))
    return tuple([row for row in rows if row.code not in NOT_AN_OFFICERS])


def return_reasons(
    kind: ReturnKind, case: Case, context: RoutingContext
) -> tuple[ReturnReason, ...]:
    """Return the reasons an officer may give for a return of that kind, as the list has them.

    That a supplement did not help is no reason before there was one, nor is an erasure of data
    that are not erased.

    Source: NĐ 61/2018/NĐ-CP and NĐ 118/2025/NĐ-CP (one supplement); Luật 91/2025/QH15, Điều 14.
    """
    on = law_day(case, context)
    barred = {
        *NOT_AN_OFFICERS,
        *(() if case.supplements else ("supplement_exhausted",)),
        *(() if case.erased else ("particulars_erased",)),
    }
    rows = context.reference.return_reasons
    return tuple(
        [row for row in rows if row.kind == kind and row.is_valid(on) and row.code not in barred]
    )
