"""One event of each type, and whole lives of dossiers as the one-stop lets them happen."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from hypothesis import strategies as st

from contracts.events import (
    Accepted,
    CitizenNotified,
    Due,
    EventData,
    Forwarded,
    HandedOver,
    NotificationAbandoned,
    ParticularsRef,
    PersonalIdAssigned,
    PortalInformed,
    Registered,
    RegisterReturned,
    RegistrationCorrected,
    RegistrationInDoubt,
    Rescheduled,
    Resubmitted,
    Resumed,
    Returned,
    Routed,
    Stopped,
    WithdrawalRequested,
    Withdrawn,
)
from contracts.model import VIETNAM
from tests.unit.builders import A_UNIT, BIRTH, NEXT_UNIT, NOW, SOME_HASH, a_submission

ABOUT = UUID("6f0f2c1e-0000-4000-8000-00000000000f")
OFFICER = "officer-1"
APPOINTMENT = datetime(2026, 11, 24, 17, tzinfo=VIETNAM).astimezone(UTC)
LATER = datetime(2026, 11, 26, 17, tzinfo=VIETNAM).astimezone(UTC)


def a_due(at: datetime) -> Due:
    """Return that something is due at that moment."""
    day = at.astimezone(VIETNAM).date()
    return Due(
        due_at=at,
        due_on=day,
        value=1,
        unit="working_day",
        source="Luật Hộ tịch 2014, Điều 5",
        calendar_version="a1",
        steps=(),
    )


def accepted(round: int = 1, version: int = 1, due: Due | None = None) -> Accepted:
    """Return the acceptance of that round."""
    return Accepted(
        unit_code=A_UNIT,
        procedure_code=BIRTH,
        actor=OFFICER,
        reference_version="1",
        due=due or a_due(APPOINTMENT),
        round=round,
        particulars_version=version,
    )


def returned(kind: str = "supplement", *reasons: str, **more: Any) -> Returned:
    """Return a return of that kind; a supplement has until LATER."""
    due = a_due(LATER) if kind == "supplement" else None
    reasons = reasons or ("missing_paper",)
    return Returned(kind=kind, reasons=reasons, actor=OFFICER, supplement_due=due, **more)


def resubmitted(number: int = 2) -> Routed:
    """Return the one-stop's word that it took that submission of the dossier."""
    return Routed(unit_code=A_UNIT, reference_version="1", resubmission=number)


def handed_in_again(version: int = 2) -> Resubmitted:
    """Return the intake's word on what brought that version of the personal data."""
    particulars = ParticularsRef(version=version, sha256=SOME_HASH)
    return Resubmitted(round=version, particulars=particulars, resubmitted_at=NOW)


def registered(round: int = 1) -> Registered:
    """Return the register's yes to the acceptance of that round."""
    return Registered(
        unit_code=A_UNIT,
        number="1",
        book="01/2026",
        registered_on=date(2026, 11, 24),
        round=round,
    )


def corrected(revision: int = 1, number: str = "2") -> RegistrationCorrected:
    """Return that the register changed the number of its entry."""
    entry = registered().model_dump(exclude={"personal_id_assigned", "number"})
    return RegistrationCorrected(**entry, number=number, revision=revision)


def rescheduled(kind: str = "apology", reason: str = "staff_shortage") -> Rescheduled:
    """Return the move of the appointment to LATER."""
    due, old = a_due(LATER), date(2026, 11, 24)
    return Rescheduled(kind=kind, reason=reason, old_due_on=old, due=due, actor=OFFICER)


SUBMITTED = a_submission()
ROUTED = Routed(unit_code=A_UNIT, reference_version="1")
FORWARDED = Forwarded(
    from_unit_code=A_UNIT,
    to_unit_code=NEXT_UNIT,
    reason="merger",
    source="NQ 202/2025/QH15",
    actor=OFFICER,
    reference_version="1",
)
APOLOGY = rescheduled()
VERIFICATION = rescheduled("verification", "verify_information")
STOPPED = Stopped(reason="legal_obstacle", final=False, actor=OFFICER)
CLOSED = Stopped(reason="supplement_not_received", final=True, actor="automatic")
RESUMED = Resumed(actor=OFFICER, due=a_due(LATER))
WITHDRAWN = Withdrawn(actor=OFFICER, on_request=True)
WITHDRAWAL_REQUESTED = WithdrawalRequested(requested_at=NOW)
SENT_BACK = RegisterReturned(kind="supplement", reasons=("missing_paper",))
IN_DOUBT = RegistrationInDoubt(attempt=1, since=NOW)
ID_ASSIGNED = PersonalIdAssigned()
HANDED_OVER = HandedOver(actor=OFFICER, method="in_person")

ONE_OF_EACH: tuple[EventData, ...] = (
    *(SUBMITTED, ROUTED, FORWARDED, accepted(), returned(), handed_in_again()),
    *(resubmitted(), WITHDRAWAL_REQUESTED, WITHDRAWN, STOPPED, RESUMED, APOLOGY),
    *(registered(), SENT_BACK, IN_DOUBT, HANDED_OVER, ID_ASSIGNED, corrected()),
    CitizenNotified(step="accepted", channel="sms", about=ABOUT),
    NotificationAbandoned(step="accepted", reason="unreachable", about=ABOUT),
    PortalInformed(step="accepted", portal="national-portal", status=2, about=ABOUT),
)
#: Every event that changes where a dossier stands or might, of every kind.
ANY_EVENT = (*ONE_OF_EACH, returned("refused"), returned("wrong_authority"), CLOSED)


@dataclass
class Life:
    """A dossier as the one-stop sees it: what was said, and what may be said next."""

    said: list[EventData] = field(default_factory=lambda: [SUBMITTED])
    where: str = "received"
    before: str = ""
    rounds: int = 0
    version: int = 1
    asked: bool = False
    entered: bool = False

    def choices(self) -> list[tuple[str, tuple[EventData, ...]]]:
        """Return where the dossier may go next, and what is said when it goes there.

        Once told, the register may enter it at any time, also when the one-stop has ended it.
        """
        moves = self._moves()
        if self.rounds and not self.entered and self.where != "accepted":
            moves.append(("registered", (registered(self.rounds),)))
        return moves

    def _moves(self) -> list[tuple[str, tuple[EventData, ...]]]:
        refused = ("ended", (returned("refused", "conditions_not_met"),))
        withdrawn = ("ended", (WITHDRAWN,))
        again = handed_in_again(self.version + 1)
        more = (self.where, (again,))
        match self.where:
            case "received":
                moves = [
                    ("accepted", (accepted(self.rounds + 1, self.version),)),
                    ("ended", (returned("wrong_authority", "not_competent"),)),
                    ("received", (FORWARDED,)),
                    ("received", (ROUTED,)),
                    ("received", (WITHDRAWAL_REQUESTED,)),
                    ("stopped", (STOPPED,)),
                    *(refused, withdrawn, more),
                ]
                asking = ("supplement", (returned(),))
                return moves if self.asked else [*moves, asking]
            case "supplement":
                taken = (again, resubmitted(self.version + 1))
                return [("received", taken), withdrawn, ("ended", (CLOSED,))]
            case "accepted":
                sent_back = SENT_BACK.model_copy(update={"round": self.rounds})
                asks = ("ended", returned("refused", "supplement_exhausted"))
                after, said = asks if self.asked else ("supplement", returned())
                result = ("registered", (registered(self.rounds),))
                informs = (APOLOGY, VERIFICATION, IN_DOUBT, WITHDRAWAL_REQUESTED)
                moves = [("accepted", (one,)) for one in informs]
                return [*moves, ("stopped", (STOPPED,)), (after, (sent_back, said)), result]
            case "stopped":
                return [(self.before, (RESUMED,)), refused, withdrawn]
            case "registered":
                later = [("registered", (one,)) for one in (ID_ASSIGNED, corrected())]
                return [("ended", (HANDED_OVER,)), *later]
        return []

    def goes(self, where: str, said: tuple[EventData, ...]) -> None:
        """Let it go there."""
        self.before, self.where = self.where, where
        self.said += said
        self.rounds += any(isinstance(one, Accepted) for one in said)
        self.version += any(isinstance(one, Resubmitted) for one in said)
        self.asked = self.asked or where == "supplement"
        self.entered = self.entered or where == "registered"


@st.composite
def legal_lives(draw: Any) -> list[EventData]:
    """Return all that is said of a dossier in the order it happened, over at most 14 moves."""
    life = Life()
    for _ in range(draw(st.integers(0, 14))):
        choices = life.choices()
        if not choices:
            break
        life.goes(*draw(st.sampled_from(choices)))
    return life.said
