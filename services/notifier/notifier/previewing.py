"""What citizens would read at each step, shown with an invented dossier; nothing is sent."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Literal, cast
from uuid import UUID

from contracts.model import ContactChannel, Contract, Language, ReturnKind, Step
from notifier.correspondence import News
from notifier.messages import mail_subject, mail_text, sms_text, template_of
from notifier.parts import parts_of
from reference import Reference

Kind = ReturnKind | Literal["apology", "verification", "imported", "final", "crossed"]
#: The kinds a step comes in; the empty one is the step as it usually is.
KINDS_OF: dict[Step, tuple[Kind | None, ...]] = {
    "submitted": (None, "imported"),
    "resubmitted": (None, "final"),
    "forwarded": (None,),
    "accepted": (None,),
    "returned": ("supplement", "refused", "wrong_authority"),
    "rescheduled": ("apology", "verification"),
    "stopped": (None, "final"),
    "resumed": (None,),
    "withdrawn": (None, "crossed"),
    "registered": (None, "crossed"),
    "personal_id_assigned": (None,),
    "registration_corrected": (None,),
}
#: Nobody's: the commune is real, the dossier and the person are not.
CODE, NAME, UNIT = "H29.26740-20261124-0000000", "Nguyễn Thị Mẫu", "26740"
_AT = datetime(2026, 11, 24, 2, tzinfo=UTC)
_DUE = datetime(2026, 11, 27, 10, tzinfo=UTC)
_NONE = "none"
_ACTS: dict[str, str] = {"forwarded": "forward", "stopped": "stop"}


class Preview(Contract):
    """A message as a citizen would read it; `subject` is empty for an SMS, `parts` 0 for a mail."""

    step: Step
    kind: str
    reasons: tuple[str, ...]
    channel: ContactChannel
    language: Language
    template: str
    subject: str
    text: str
    characters: int
    parts: int


class NoSuchMessage(Exception):
    """Citizens are not told of that step, or it comes in other `kinds`."""

    def __init__(self, step: str, kinds: tuple[str | None, ...]) -> None:
        super().__init__(step)
        self.kinds = tuple(one or "" for one in kinds)


@dataclass(frozen=True)
class Told:
    """A step of an invented dossier; `kind` is one of the step's."""

    step: Step
    kind: Kind | None = None
    reasons: tuple[str, ...] = ()
    papers: tuple[str, ...] = ()


def news_of(told: Told) -> News:
    """Return the step as the notifier remembers it, with a due day where the step sets one."""
    news = News(told.step, UUID(int=0), _AT, reasons=told.reasons, papers=told.papers)
    match told.kind:
        case "final":
            news = replace(news, final=True)
        case "crossed":
            news = replace(news, crossed=True)
        case kind:
            news = replace(news, kind=kind)
    is_over = told.kind in ("refused", "wrong_authority")
    sets_a_day = told.step in ("accepted", "resumed", "rescheduled", "returned") and not is_over
    return replace(news, due_at=_DUE if sets_a_day else None, unit_code=UNIT)


def preview(
    told: Told, channel: ContactChannel, language: Language, reference: Reference
) -> Preview:
    """Return the message in the words of today."""
    news, subject = news_of(told), ""
    if channel == "sms":
        text = sms_text(CODE, news, reference, language)
    else:
        subject = mail_subject(CODE, news, reference, language)
        text = mail_text(CODE, NAME, news, reference, language)
    return Preview(
        step=told.step,
        kind=told.kind or "",
        reasons=told.reasons,
        channel=channel,
        language=language,
        template=template_of(language),
        subject=subject,
        text=text,
        characters=len(text),
        parts=parts_of(text) if channel == "sms" else 0,
    )


def reasons_of(step: Step, kind: str, reference: Reference) -> tuple[str, ...]:
    """Return the codes of the reasons a step of that kind may have."""
    if step == "returned":
        return tuple(row.code for row in reference.return_reasons if row.kind.value == kind)
    act = _ACTS.get(step, kind if step == "rescheduled" else "")
    return tuple(row.code for row in reference.act_reasons if row.act == act)


def every_step(reference: Reference) -> list[Told]:
    """Return every step of every kind, without a reason and with each one it may have."""
    found = []
    for step, kinds in KINDS_OF.items():
        for kind in kinds:
            found.append(Told(step, kind))
            for code in reasons_of(step, kind or "", reference):
                found.append(Told(step, kind, (code,)))
    return found


def read_told(step: Step, kind: str, reasons: tuple[str, ...], papers: tuple[str, ...]) -> Told:
    """Return the step that was asked for, without a kind in its first one.

    Raises NoSuchMessage when citizens are not told of it, or it comes in no such kind.
    """
    kinds = KINDS_OF.get(step, ())
    wanted = next((one for one in kinds if not kind or one == kind), _NONE)
    if wanted == _NONE:
        raise NoSuchMessage(step, kinds)
    return Told(step, cast("Kind | None", wanted), reasons, papers)
