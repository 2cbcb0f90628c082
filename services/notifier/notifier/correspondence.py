"""What the notifier remembers of one dossier: whom to tell, what, and how far it came."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from contracts.model import ContactChannel, Language, ReturnKind, Step

#: `silent` is for a side that is not told of this step at all.
CitizenSide = Literal["waiting", "asked", "told", "abandoned", "silent"]
PortalSide = Literal["waiting", "asked", "informed", "abandoned", "silent"]


@dataclass(frozen=True)
class Contact:
    """How the applicant is reached and addressed; `notify_by` is what they chose, in order.

    `language` is theirs, Vietnamese where they chose none.
    """

    full_name: str
    phone: str | None
    email: str | None
    notify_by: tuple[ContactChannel, ...]
    language: Language = "vi"

    def address(self, channel: ContactChannel) -> str | None:
        """Return where the channel leads, or None if the person does not have it."""
        return self.phone if channel == "sms" else self.email

    def next_channel(self, tried: tuple[ContactChannel, ...]) -> ContactChannel | None:
        """Return the first channel not tried: the chosen ones, then SMS, then e-mail; or None."""
        wanted: tuple[ContactChannel, ...] = (*self.notify_by, "sms", "email")
        usable = (one for one in wanted if one not in tried and self.address(one) is not None)
        return next(usable, None)


@dataclass(frozen=True)
class News:
    """One step of the dossier, and how far the citizen and the portal were told of it.

    `key` tells a step from those of its kind before it: `accepted`, then `accepted-2`.
    `target` is the portal's status the event leads to; once its turn has come, `passed` are the
    statuses passed to it and `status` is where the dossier stands then. `due_at` is the
    appointment, of a return the last moment to complete the dossier. `asked` means that a call is
    out and not answered; `tried` are the channels asked so far. A dossier taken over was not
    `submitted` but `imported`. `crossed`: the register entered it although the one-stop had ended
    it. `resubmitted` and `final`: it came after the end. `template` says in which words it was
    last put; empty before it was, and for what was put before words had versions. `off_trial`:
    a way was not taken for the person is not in the trial. `undelivered`: an SMS was taken by its
    gateway and never delivered, so that the step is told again, by mail.
    """

    step: Step
    event_id: UUID
    occurred_at: datetime
    kind: ReturnKind | Literal["apology", "verification", "imported"] | None = None
    reasons: tuple[str, ...] = ()
    papers: tuple[str, ...] = ()
    tried: tuple[ContactChannel, ...] = ()
    citizen: CitizenSide = "waiting"
    portal: PortalSide = "waiting"
    key: str = ""
    target: int | None = None
    status: int | None = None
    passed: tuple[int, ...] = ()
    due_at: datetime | None = None
    unit_code: str | None = None
    final: bool = False
    round: int = 1
    crossed: bool = False
    template: str = ""
    off_trial: bool = False
    undelivered: bool = False


@dataclass(frozen=True)
class Correspondence:
    """All of one dossier: `news` in the order it is told, `early` what came before its time.

    `contact` is None until the personal data came, and for ever once it was `erased`.
    `province_code`, `procedure_code` and `unit_code` are those of the submission, empty for a
    dossier heard of before they were kept.
    """

    dossier_id: UUID
    dossier_code: str = ""
    portal: str = ""
    portal_reference: str = ""
    province_code: str = ""
    contact: Contact | None = None
    erased: bool = False
    news: tuple[News, ...] = ()
    early: tuple[News, ...] = ()
    procedure_code: str = ""
    unit_code: str = ""
