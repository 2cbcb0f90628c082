"""What the log says of what portals send: portal, procedure and rules, nothing of the person."""

import structlog

from contracts.portal import Problem
from intake.domain import Party
from intake.following import Asked
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


def tell_followed(asked: Asked) -> None:
    """Log that a supplement or a withdrawal was taken."""
    log.info(
        "follow_up_taken",
        portal=asked.party.portal,
        channel=asked.party.channel,
        kind=asked.about,
        dossier_id=str(asked.dossier_id),
    )


def tell_refused(party: Party, problem: Problem) -> None:
    """Log that what a portal sent was refused, and by which rules."""
    log.info(
        "submission_refused",
        portal=party.portal,
        channel=party.channel,
        reason=problem.type.rpartition("/")[2],
        problems=sorted({error.rule for error in problem.errors}),
    )
