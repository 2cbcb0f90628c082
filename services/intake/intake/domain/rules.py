"""The intake's rules: taken once, added to, asked back once, erased on demand."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from contracts.decision import Context, Decision, Refused
from contracts.events import (
    AttachmentRef,
    Imported,
    ParticularsRef,
    Resubmitted,
    Submitted,
    WithdrawalRequested,
)
from contracts.portal import Attachment, Submission, Supplement, Withdrawal
from intake.domain.dossier import LAST_ROUND, Added, Dossier, Erased, Party, Taken


@dataclass(frozen=True)
class Submit:
    """A portal hands in a checked submission; its personal data are already sealed.

    `flags` are the facts its form shows, `same_event_as` the codes of dossiers about the same
    civil event; `imported` says that it was under way on the old road.
    """

    party: Party
    submission: Submission
    fingerprint: str
    particulars: ParticularsRef
    flags: tuple[str, ...] = ()
    same_event_as: tuple[str, ...] = ()
    imported: Imported | None = None


@dataclass(frozen=True)
class Resubmit:
    """A portal adds a checked supplement; `particulars` are the dossier's with it, sealed."""

    supplement: Supplement
    fingerprint: str
    particulars: ParticularsRef


@dataclass(frozen=True)
class Withdraw:
    """A portal says that the citizen asks to have the dossier back."""

    withdrawal: Withdrawal


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
        attachments=_without_names(submission.attachments),
        flags=command.flags,
        same_event_as=command.same_event_as,
        imported=command.imported,
    )
    return Decision(replace(state, taken=taken), (submitted,))


def decide_resubmission(
    command: Resubmit, state: Dossier, context: Context
) -> Decision[Dossier] | Refused:
    """Return the next round and `Resubmitted`, nothing new for a supplement that came before.

    Whether one was asked for is for the one-stop to say. Refused when nothing was submitted, when
    the personal data are erased, and after LAST_ROUND.

    Source: TT 01/2018/TT-VPCP and TT 03/2025/TT-VPCP, Mẫu 02.
    """
    if state.round_of(command.fingerprint) is not None:
        return Decision(state)
    if refused := _not_open(state):
        return refused
    if state.round == LAST_ROUND:
        return Refused((), "too_many_supplements")
    added = (*state.added, Added(command.fingerprint, context.now))
    following = replace(state, added=added)
    resubmitted = Resubmitted(
        round=following.round,
        particulars=command.particulars,
        attachments=_without_names(command.supplement.attachments),
        resubmitted_at=command.supplement.resubmitted_at,
        received_at=context.now,
    )
    return Decision(following, (resubmitted,))


def decide_withdrawal(
    command: Withdraw, state: Dossier, context: Context
) -> Decision[Dossier] | Refused:
    """Return the dossier asked back and `WithdrawalRequested`, nothing new when it was already.

    Whether it can still be given back is for the one-stop to say.

    Source: TrangThaiHoSo 7 of the National Portal's exchange format.
    """
    if state.withdrawal_received_at is not None:
        return Decision(state)
    if refused := _not_open(state):
        return refused
    requested = WithdrawalRequested(requested_at=command.withdrawal.requested_at)
    return Decision(replace(state, withdrawal_received_at=context.now), (requested,))


def decide_erasure(command: Erase, state: Dossier, context: Context) -> Decision[Dossier] | Refused:
    """Return the dossier marked as erased, the same one when it is already.

    The fingerprints go too: they are made of personal data.
    """
    if state.taken is None:
        return Refused((), "not_submitted")
    if state.erased is not None:
        return Decision(state)
    taken = replace(state.taken, fingerprint=None)
    added = tuple(replace(one, fingerprint=None) for one in state.added)
    erased = Erased(context.now, command.by)
    return Decision(replace(state, taken=taken, added=added, erased=erased))


def _not_open(state: Dossier) -> Refused | None:
    if state.taken is None:
        return Refused((), "not_submitted")
    return None if state.erased is None else Refused((), "personal_data_erased")


def _without_names(attachments: tuple[Attachment, ...]) -> tuple[AttachmentRef, ...]:
    return tuple(AttachmentRef(**one.model_dump(exclude={"name"})) for one in attachments)


RULES: Mapping[type, Callable[[Any, Dossier, Context], "Decision[Dossier] | Refused"]] = {
    Submit: decide_submission,
    Resubmit: decide_resubmission,
    Withdraw: decide_withdrawal,
    Erase: decide_erasure,
}
