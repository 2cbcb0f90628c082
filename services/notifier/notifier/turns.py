"""In which order steps are told: they come over several topics, and causes are told first."""

from collections.abc import Iterable
from dataclasses import replace

from contracts.events import EVENTS
from contracts.lifecycle import ASKED, way
from contracts.model import Step
from notifier.correspondence import Correspondence, News
from reference import Reference

#: Who says a step. That a supplement was taken is the one-stop's word, in the order of its own.
_SERVICE = {data.name: data.service for data in EVENTS} | {"resubmitted": "routing"}
#: Told to portals even when the status stays: they bring an appointment, another authority, or
#: something new about the entry.
_INFORMS: frozenset[Step] = frozenset(
    {
        *("accepted", "forwarded", "rescheduled", "resumed"),
        *("personal_id_assigned", "registration_corrected"),
    }
)
#: Told to portals alone: the citizen was there.
_PORTAL_ONLY: frozenset[Step] = frozenset({"handed_over"})
#: The reasons of a dossier that ended because its supplement did not come.
EXPIRED = ("supplement_not_received",)
#: How the work goes on, which nobody needs to hear once the result is there.
_OVERTAKEN: frozenset[Step] = frozenset(
    {"accepted", "forwarded", "rescheduled", "stopped", "resumed"}
)
#: With which the one-stop may end a dossier.
_ENDS: frozenset[Step] = frozenset({"returned", "stopped", "withdrawn"})


def take_in(state: Correspondence, news: News, reference: Reference) -> Correspondence:
    """Return the correspondence with the step, only once, and `news` as far as turns have come."""
    known = (*state.news, *state.early)
    if any(one.event_id == news.event_id for one in known):
        return state
    state = replace(state, early=(*state.early, _with_key(news, known)))
    while ready := _next(state):
        early = tuple(one for one in state.early if one is not ready)
        turned = _turned(state.news, ready, reference)
        state = replace(state, news=(*state.news, turned), early=early)
    return state


def ended(state: Correspondence) -> bool:
    """Return whether the end of the dossier was told, and nothing that took it up again."""
    return _ended(state.news)


def expired(state: Correspondence) -> bool:
    """Return whether the last that was told is that no supplement came in time."""
    return bool(state.news) and state.news[-1].reasons == EXPIRED


def _ended(told: Iterable[News]) -> bool:
    over = False
    for news in told:
        taken_up = news.step == "resubmitted" and not news.final
        over = is_end(news) or (over and not taken_up)
    return over


def _with_key(news: News, known: tuple[News, ...]) -> News:
    # All of a step come from one service, in its order, so that the count is always the same.
    times = 1 + sum(one.step == news.step for one in known)
    return replace(news, key=news.step if times == 1 else f"{news.step}-{times}")


def _next(state: Correspondence) -> News | None:
    waiting: set[str] = set()
    for news in state.early:
        service = _SERVICE[news.step]
        if service not in waiting and _may_follow(state.news, news):
            return news
        waiting.add(service)
    return None


def _may_follow(told: Iterable[News], news: News) -> bool:
    """Return whether what led to the step was told.

    The register answers an acceptance of its round or a newer one, a hand-over follows the
    result; what the one-stop does comes in the order of its topic.
    """
    match news.step:
        case "submitted":
            return True
        case "registered":
            return any(one.step == "accepted" and one.round >= news.round for one in told)
        case "handed_over":
            return any(one.step == "registered" for one in told)
    return any(one.step == "submitted" for one in told)


def _turned(told: tuple[News, ...], news: News, reference: Reference) -> News:
    current = told[-1].status if told else None
    passed = _passed(current, news, reference)
    news = replace(news, passed=passed, status=passed[-1] if passed else current)
    is_registered = any(one.step == "registered" for one in told)
    if news.step == "registered":
        news = replace(news, crossed=_ended(told))
    elif news.step in _ENDS and is_end(news):
        news = replace(news, crossed=is_registered)
    overtaken = is_registered and is_on_the_way(news)
    if overtaken or news.step in _PORTAL_ONLY:
        news = replace(news, citizen="silent")
    if overtaken or not (passed or news.step in _INFORMS):
        news = replace(news, portal="silent")
    return news


def _passed(current: int | None, news: News, reference: Reference) -> tuple[int, ...]:
    unasked = news.step == "resubmitted" and current not in ASKED
    return () if news.target is None or unasked else way(current, news.target, reference)


def is_on_the_way(news: News) -> bool:
    """Return whether the step only says how the work goes on, or asks for more."""
    is_asked_back = news.step == "returned" and news.kind == "supplement"
    return is_asked_back or (news.step in _OVERTAKEN and not news.final)


def is_end(news: News) -> bool:
    """Return whether the dossier ends with the step."""
    return news.final or (
        news.step in ("registered", "withdrawn")
        or (news.step == "returned" and news.kind != "supplement")
    )
