"""The citizen's receipt: what is signed, its QR code, and the paper it stands on."""

from dataclasses import replace
from datetime import datetime

from contracts.events import Accepted
from plumbing.receipts import ReceiptFacts, ReceiptKeys
from reference import Reference
from routing.domain import Case
from routing.slips.building import slip_of
from routing.slips.content import Dossier, Slip


def paper_of(
    case: Case, keys: ReceiptKeys, now: datetime, known: Reference
) -> tuple[Slip, ReceiptFacts] | None:
    """Return the acceptance slip with the signed receipt as its QR code, and what that says.

    Both name the unit that received the dossier and the appointment as it stands now, and no
    person: whoever downloads it is known by a number alone. None before there is one.
    """
    accepted = [one for one in case.issued if isinstance(one.data, Accepted)]
    if case.received_at is None or not accepted:
        return None
    issued = accepted[-1]
    data = issued.data.model_copy(update={"due": case.appointment})
    assert isinstance(data, Accepted)
    dossier = Dossier(
        code=case.code,
        procedure_code=case.procedure_code,
        unit_code=data.unit_code,
        papers=issued.papers or case.papers,
        received_at=case.received_at,
    )
    slip = slip_of(dossier, data, issued.at, known)
    if slip is None:
        return None
    facts = ReceiptFacts(
        code=case.code,
        unit=data.unit_code,
        procedure=case.procedure_code,
        received_at=case.received_at.replace(microsecond=0),
        due_on=case.appointment.due_on if case.appointment else None,
        issued_at=now.replace(microsecond=0),
    )
    return replace(slip, named=False, officer="", receipt=keys.sign(facts)), facts
