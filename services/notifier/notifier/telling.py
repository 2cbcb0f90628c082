"""Whose turn it is to be told: every step once, in order, one call at a time to each side."""

from dataclasses import replace
from typing import Literal

from contracts.decision import Context, Decision, Effect
from contracts.events import EventData, NotificationAbandoned
from contracts.model import Step
from notifier.correspondence import Correspondence, News
from notifier.requests import to_citizen, to_portal

#: The step without which a step is not told: topics come in any order, news must not.
FOLLOWS: dict[Step, Step] = {
    "accepted": "submitted",
    "returned": "submitted",
    "registered": "accepted",
}


def find(state: Correspondence, step: str) -> News | None:
    """Return what there is to tell of a step whose turn has come, or None."""
    return next((one for one in state.news if one.step == step), None)


def hear(state: Correspondence, news: News, context: Context) -> Decision[Correspondence]:
    """Take the step in, only once, and tell everything whose turn has come."""
    if any(one.step == news.step for one in (*state.news, *state.early)):
        return Decision(state)
    told, early = list(state.news), [*state.early, news]
    while ready := next((one for one in early if _may_follow(told, one)), None):
        early.remove(ready)
        told.append(ready)
    return go_on(replace(state, news=tuple(told), early=tuple(early)), context)


def change(state: Correspondence, news: News) -> Correspondence:
    """Return the correspondence with that step as it is now."""
    changed = tuple(news if one.step == news.step else one for one in state.news)
    return replace(state, news=changed)


def abandoned(
    news: News, reason: Literal["no_contact", "unreachable", "in_doubt", "erased"]
) -> NotificationAbandoned:
    """Return the event that says why the citizen is not told of a step."""
    return NotificationAbandoned(step=news.step, reason=reason, about=news.event_id)


def go_on(
    state: Correspondence, context: Context, said: tuple[EventData, ...] = ()
) -> Decision[Correspondence]:
    """Ask for what can be told now, after the events `said`.

    A side is asked for its next step only when the one before is answered, so that a second
    channel cannot bring an old step after a newer one.
    """
    state, events, messages = _tell_citizen(state, context)
    state, callbacks = _tell_portal(state)
    return Decision(state, (*said, *events), (*messages, *callbacks))


def _may_follow(told: list[News], news: News) -> bool:
    before = FOLLOWS.get(news.step)
    return before is None or any(one.step == before for one in told)


def _tell_citizen(
    state: Correspondence, context: Context
) -> tuple[Correspondence, tuple[EventData, ...], tuple[Effect, ...]]:
    events: list[EventData] = []
    for news in state.news:
        if news.citizen in ("told", "abandoned"):
            continue
        if state.erased:
            if news.citizen == "waiting":
                events.append(abandoned(news, "erased"))
                state = change(state, replace(news, citizen="abandoned"))
            continue
        if news.citizen == "asked" or state.contact is None:
            break
        channel = state.contact.next_channel(news.tried)
        if channel is not None:
            effect = to_citizen(state, state.contact, channel, news, context.reference)
            asked = replace(news, citizen="asked", tried=(*news.tried, channel))
            return change(state, asked), tuple(events), (effect,)
        events.append(abandoned(news, "unreachable" if news.tried else "no_contact"))
        state = change(state, replace(news, citizen="abandoned"))
    return state, tuple(events), ()


def _tell_portal(state: Correspondence) -> tuple[Correspondence, tuple[Effect, ...]]:
    news = next((one for one in state.news if one.portal in ("waiting", "asked")), None)
    if news is None or news.portal == "asked":
        return state, ()
    return change(state, replace(news, portal="asked")), (to_portal(state, news),)
