"""What the intake remembers of a dossier, and its rules: taken once, erased on demand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid5

from contracts.decision import Context, Decision, Refused
from contracts.events import AttachmentRef, ParticularsRef, Submitted
from contracts.model import VIETNAM, Channel, PortalId
from contracts.portal import Submission

_DOSSIERS = UUID("0c8b1b0e-6f0d-5a44-9c1b-3f6f2f5d7a10")


@dataclass(frozen=True)
class Party:
    """Who hands in a submission: the portal, its channel and the provinces it speaks for.

    `provinces` holds two-digit codes, or `*` for all of them.
    """

    portal: PortalId
    channel: Channel
    provinces: frozenset[str]

    def speaks_for(self, province_code: str) -> bool:
        """Return whether the portal may hand in dossiers of that province at all."""
        return not self.provinces.isdisjoint({"*", province_code})


@dataclass(frozen=True)
class Taken:
    """A submission that was taken; `fingerprint` is None once the particulars are erased."""

    portal: str
    portal_reference: str
    fingerprint: str | None
    received_at: datetime


@dataclass(frozen=True)
class Erased:
    """When the particulars were erased, and which client asked for it."""

    at: datetime
    by: str


@dataclass(frozen=True)
class Dossier:
    """A dossier as the intake knows it; before the submission only its id and code."""

    dossier_id: UUID
    code: str
    taken: Taken | None = None
    erased: Erased | None = None


@dataclass(frozen=True)
class Submit:
    """A portal hands in a checked submission; its personal data are already sealed."""

    party: Party
    submission: Submission
    fingerprint: str
    particulars: ParticularsRef


@dataclass(frozen=True)
class Erase:
    """A client asks that the personal data of a dossier be erased."""

    by: str


def decide_submission(
    command: Submit, state: Dossier, context: Context
) -> Decision[Dossier] | Refused:
    """Return the dossier taken and `Submitted`; Refused when it was taken before.

    Source: NĐ 87/2020/NĐ-CP, Điều 12: the requester gets the code right after submission.
    """
    if state.taken is not None:
        return Refused((), "taken_already")
    submission, party = command.submission, command.party
    taken = Taken(party.portal, submission.portal_reference, command.fingerprint, context.now)
    submitted = Submitted(
        channel=party.channel,
        portal=party.portal,
        portal_reference=submission.portal_reference,
        procedure_code=submission.procedure_code,
        province_code=submission.province_code,
        unit_code=submission.unit_code,
        residence_unit_code=submission.residence_unit_code,
        submitted_at=submission.submitted_at,
        particulars=command.particulars,
        attachments=tuple(
            AttachmentRef(**attachment.model_dump(exclude={"name"}))
            for attachment in submission.attachments
        ),
    )
    return Decision(replace(state, taken=taken), (submitted,))


def decide_erasure(command: Erase, state: Dossier, context: Context) -> Decision[Dossier] | Refused:
    """Return the dossier marked as erased, the same one when it is already.

    The fingerprint goes too: it is made of personal data.
    """
    if state.taken is None:
        return Refused((), "not_submitted")
    if state.erased is not None:
        return Decision(state)
    taken = replace(state.taken, fingerprint=None)
    return Decision(replace(state, taken=taken, erased=Erased(context.now, command.by)))


RULES: Mapping[type, Callable[[Any, Dossier, Context], "Decision[Dossier] | Refused"]] = {
    Submit: decide_submission,
    Erase: decide_erasure,
}


def dossier_id_of(portal: str, portal_reference: str) -> UUID:
    """Return the id of the dossier a portal knows by that reference, always the same."""
    return uuid5(_DOSSIERS, f"{portal}/{portal_reference}")


def local_day(instant: datetime) -> date:
    """Return the day it is in Vietnam at that instant (aware)."""
    return instant.astimezone(VIETNAM).date()


def dossier_code(h_code: str, unit_code: str, on: date, number: int) -> str:
    """Return the code of the dossier with that number of that unit and day, counted from 1.

    Four digits, more after 9999: `H29.26734-261124-0007`.

    Source: TT 01/2018/TT-VPCP, Điều 19; QĐ 20/2020/QĐ-TTg.
    """
    return f"{h_code}.{unit_code}-{on:%y%m%d}-{number:04d}"
