"""What the log says of a submission: portal, procedure and rules, nothing of the person."""

import structlog

from contracts.portal import Problem
from intake.domain import Party
from intake.taking import Handed

log = structlog.get_logger()


def tell_taken(handed: Handed) -> None:
    """Log that a submission was taken."""
    log.info(
        "submission_taken",
        portal=handed.party.portal,
        channel=handed.party.channel,
        procedure_code=handed.submission.procedure_code,
        unit_code=handed.submission.unit_code,
        dossier_id=str(handed.dossier_id),
    )


def tell_refused(party: Party, problem: Problem) -> None:
    """Log that a submission was refused, and by which rules."""
    log.info(
        "submission_refused",
        portal=party.portal,
        channel=party.channel,
        reason=problem.type.rpartition("/")[2],
        problems=sorted({error.rule for error in problem.errors}),
    )
