"""What the words for a step are made of, in whichever language."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias

from contracts.model import VIETNAM, Language
from notifier.correspondence import News
from reference import ActReason, Reference, ReturnReason
from reference.steps import WEEKDAYS_VI, weekday_en

#: The version of all words to citizens. Raised with every change of a word of ours; what an
#: earlier version said is in the history of the code. 1 were those in Vietnamese alone.
VERSION = 2


@dataclass(frozen=True)
class Wording:
    """`what` happened to the dossier, why, and what comes `then`; `subject` is short for `what`."""

    what: str
    then: str
    reasons: tuple[str, ...] = ()
    papers: tuple[str, ...] = ()
    short: str = ""
    opening: str = ""

    @property
    def subject(self) -> str:
        """Return what happened, as short as a subject wants it."""
        return self.short or self.what


@dataclass(frozen=True)
class Phrases:
    """What stands around the words of a step: how a message opens, lists and closes.

    `greeting` has a place for the name, or for `somebody` where a name does not read as one.
    `see_portal` stands for reasons that are too long; `crossed` is what comes then when the
    register entered it although the one-stop had ended it.
    """

    opening: str
    greeting: str
    somebody: str
    closing: str
    reasons: str
    papers: str
    see_portal: str
    crossed: str


#: What makes the words for one step.
Words: TypeAlias = Callable[[News, Reference], Wording]


def in_words(at: datetime, language: Language = "vi") -> str:
    """Return the moment in Vietnam's time: `17:00 Thứ Ba, 24/11/2026`, `17:00 Tue, 24/11/2026`.

    Also in English the day stands before the month, as on every paper of the offices.
    """
    local = at.astimezone(VIETNAM)
    day = WEEKDAYS_VI[local.weekday()] if language == "vi" else weekday_en(local)
    # Not by strftime, which takes several times as long.
    at_hour = f"{local.hour:02}:{local.minute:02}"
    return f"{at_hour} {day}, {local.day:02}/{local.month:02}/{local.year:04}"


def promised(news: News, language: Language) -> str | None:
    """Return until when, in words; None without a date, or with one that was over when set."""
    is_ahead = news.due_at is not None and news.due_at >= news.occurred_at
    return in_words(news.due_at, language) if news.due_at and is_ahead else None


def acts(news: News, act: str, reference: Reference, language: Language) -> tuple[str, ...]:
    """Return the reasons for an act of the one-stop as sentences without their full stop."""
    return _sentences([reference.act_reason(act, code) for code in news.reasons], language)


def returns(news: News, reference: Reference, language: Language) -> tuple[str, ...]:
    """Return the reasons for a return as sentences without their full stop."""
    return _sentences([reference.return_reason(code) for code in news.reasons], language)


def papers(news: News, reference: Reference, language: Language, other: str) -> tuple[str, ...]:
    """Return the papers as they stand inside a sentence, each once; `other` is not in the list."""
    found = []
    for code in news.papers:
        row = reference.paper(code)
        name = other if row is None else row.name_vi if language == "vi" else row.name_en
        found.append(f"{name[0].lower()}{name[1:]}")
    return tuple(dict.fromkeys(found))


def _sentences(
    rows: Sequence[ActReason | ReturnReason | None], language: Language
) -> tuple[str, ...]:
    texts = [row.text_vi if language == "vi" else row.text_en for row in rows if row is not None]
    return tuple(text.rstrip(".") for text in texts)
