"""Whose turn it is to be told: every step once, in order, one call at a time to each side."""

from dataclasses import replace

from contracts.decision import Context, Decision, Effect
from contracts.events import EventData, NotificationAbandoned, Unsaid
from contracts.model import ContactChannel
from notifier.correspondence import Contact, Correspondence, News
from notifier.gateways import first_gateway
from notifier.messages import template_of
from notifier.requests import to_citizen, to_portal
from notifier.turns import take_in


def find(state: Correspondence, key: str) -> News | None:
    """Return what there is to tell of a step whose turn has come, or None."""
    return next((one for one in state.news if one.key == key), None)


def hear(state: Correspondence, news: News, context: Context) -> Decision[Correspondence]:
    """Take the step in, only once, and tell everything whose turn has come."""
    heard = take_in(state, news, context.reference)
    return Decision(state) if heard is state else go_on(heard, context)


def change(state: Correspondence, news: News) -> Correspondence:
    """Return the correspondence with that step as it is now."""
    changed = tuple(news if one.key == news.key else one for one in state.news)
    return replace(state, news=changed)


def abandoned(news: News, reason: Unsaid) -> NotificationAbandoned:
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


def _tell_citizen(
    state: Correspondence, context: Context
) -> tuple[Correspondence, tuple[EventData, ...], tuple[Effect, ...]]:
    events: list[EventData] = []
    for news in state.news:
        if news.citizen in ("told", "abandoned", "silent"):
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
            way = _way(state, channel, news, context)
            asked = replace(news, tried=(*news.tried, channel))
            state, effect = ask_by(way, state, state.contact, asked, context)
            return state, tuple(events), (effect,)
        events.append(abandoned(news, _why_untold(news)))
        state = change(state, replace(news, citizen="abandoned"))
    return state, tuple(events), ()


def _why_untold(news: News) -> Unsaid:
    if news.off_trial:
        return "trial"
    return "unreachable" if news.tried else "no_contact"


def ask_by(
    way: str, state: Correspondence, contact: Contact, news: News, context: Context
) -> tuple[Correspondence, Effect]:
    """Return that the citizen is asked to be told by that way, and the call that does it."""
    effect = to_citizen(state, contact, way, news, context.reference)
    asked = replace(news, citizen="asked", template=template_of(contact.language))
    return change(state, asked), effect


def _way(state: Correspondence, channel: ContactChannel, news: News, context: Context) -> str:
    if channel == "sms":
        return first_gateway(context, state.dossier_id, news.key)
    return channel


def _tell_portal(state: Correspondence) -> tuple[Correspondence, tuple[Effect, ...]]:
    news = next((one for one in state.news if one.portal in ("waiting", "asked")), None)
    if news is None or news.portal == "asked":
        return state, ()
    return change(state, replace(news, portal="asked")), (to_portal(state, news),)
