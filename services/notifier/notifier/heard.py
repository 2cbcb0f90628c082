"""What the notifier keeps of an event that is told to someone."""

from dataclasses import replace
from datetime import datetime
from typing import cast

from contracts.envelope import Envelope
from contracts.events import (
    Accepted,
    Due,
    Forwarded,
    Registered,
    Rescheduled,
    Resubmitted,
    Resumed,
    Returned,
    Routed,
    Stopped,
    Submitted,
)
from contracts.lifecycle import (
    ACCEPTED,
    COMPLETED,
    NOT_ACCEPTED,
    SUBMITTED,
    SUPPLEMENT,
    target_status,
)
from contracts.model import Step
from notifier.correspondence import News


def news_of(message: Envelope) -> News:
    """Return the step, not yet told, with what its message and its callback will need.

    The event's name must be that of a step; a dossier routed once more is `resubmitted`.
    """
    data = message.data
    step = "resubmitted" if isinstance(data, Routed) else cast(Step, data.name)
    news = News(step, message.id, message.time, target=target_status(data))
    match data:
        case Submitted():
            news = replace(news, kind="imported") if data.imported else news
        case Resubmitted():
            news = replace(news, final=True)
        case Forwarded():
            news = replace(news, reasons=(data.reason,), unit_code=data.to_unit_code)
        case Accepted():
            news = replace(news, due_at=_at(data.due), round=data.round)
            if data.at_register and data.round == 1:
                # Of a dossier taken over: the citizen is told of that, not of an old appointment.
                news = replace(news, citizen="silent")
        case Returned():
            due_at = _at(data.supplement_due)
            news = replace(
                news, kind=data.kind, reasons=data.reasons, papers=data.papers, due_at=due_at
            )
        case Rescheduled():
            news = replace(news, kind=data.kind, reasons=(data.reason,), due_at=_at(data.due))
        case Stopped():
            news = replace(news, reasons=(data.reason,), final=data.final)
        case Resumed():
            news = replace(news, due_at=_at(data.due))
        case Registered():
            news = replace(news, round=data.round)
    return news


def completed(news: News, *, had_its_turn: bool) -> News:
    """Return news kept before steps could come twice, with all that was added since."""
    if news.key:
        return news
    target = _status_before_keys(news)
    return replace(news, key=news.step, target=target, status=target if had_its_turn else None)


def _status_before_keys(news: News) -> int | None:
    if news.step == "returned":
        return SUPPLEMENT if news.kind == "supplement" else NOT_ACCEPTED
    only: dict[Step, int] = {
        "submitted": SUBMITTED,
        "accepted": ACCEPTED,
        "registered": COMPLETED,
    }
    return only[news.step]


def _at(due: Due | None) -> datetime | None:
    return due.due_at if due else None
