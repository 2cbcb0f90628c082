"""The rules of the notifier: what it makes of each event, of personal data and of answers."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from contracts.decision import (
    DISCARDED,
    Answered,
    Context,
    Decision,
    InDoubt,
    ParticularsArrived,
    ParticularsErased,
)
from contracts.envelope import Envelope
from contracts.events import (
    Accepted,
    CitizenNotified,
    Forwarded,
    HandedOver,
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
    Submitted,
    WithdrawalRequested,
    Withdrawn,
)
from contracts.model import ContactChannel
from notifier.comparing_rules import AGAIN
from notifier.correspondence import Contact, Correspondence, News
from notifier.heard import news_of
from notifier.requests import status_of
from notifier.telling import abandoned, change, find, go_on, hear
from notifier.turns import ended, expired


def on_submitted(
    message: Envelope, state: Correspondence, context: Context
) -> Decision[Correspondence]:
    """Learn which portal is to be told, and tell the first step."""
    data = message.data
    assert isinstance(data, Submitted)
    known = replace(
        state,
        portal=data.portal,
        portal_reference=data.portal_reference,
        province_code=data.province_code,
    )
    return on_step(message, known, context)


def on_step(message: Envelope, state: Correspondence, context: Context) -> Decision[Correspondence]:
    """Tell the step in its turn: to the citizen, to the portal, or to both."""
    # Personal data may arrive before the event that names the dossier's code.
    return hear(replace(state, dossier_code=message.subject), news_of(message), context)


def on_routed(
    message: Envelope, state: Correspondence, context: Context
) -> Decision[Correspondence]:
    """Tell that a supplement was taken; how a dossier comes to a desk is inner work."""
    data = message.data
    assert isinstance(data, Routed)
    return Decision(state) if data.resubmission is None else on_step(message, state, context)


def on_resubmitted(
    message: Envelope, state: Correspondence, context: Context
) -> Decision[Correspondence]:
    """Tell that it changes nothing after a decision; else the one-stop will say that it took it.

    A dossier that ended because nothing came in time is no decision: it may go on.
    """
    if not ended(state) or expired(state):
        return Decision(state)
    return on_step(message, state, context)


def unchanged(
    message: Envelope, state: Correspondence, context: Context
) -> Decision[Correspondence]:
    """Say nothing: it is inner work, or the one-stop will say what comes of it."""
    return Decision(state)


def on_particulars(
    message: ParticularsArrived, state: Correspondence, context: Context
) -> Decision[Correspondence]:
    """Keep the contact and nothing else; tell what waited for it. Erased data stay erased."""
    if state.erased:
        return Decision(state)
    applicant = message.particulars.applicant
    chosen = message.particulars.notify_by
    contact = Contact(applicant.full_name, applicant.phone, applicant.email, chosen)
    return go_on(replace(state, contact=contact), context)


def on_erased(
    message: ParticularsErased, state: Correspondence, context: Context
) -> Decision[Correspondence]:
    """Forget the contact; the citizen is told no more, the portal is."""
    return go_on(replace(state, contact=None, erased=True), context)


def on_answered(
    message: Answered, state: Correspondence, context: Context
) -> Decision[Correspondence]:
    """Publish that a side was told; after a `no` try the next channel, or give the step up."""
    channel, _, key = message.kind.partition(":")
    key, _, again = key.partition(AGAIN)
    news = find(state, key)
    if news is None:
        return Decision(state)
    if again:
        said_again = _informed(state, news, int(again))
        return Decision(state, (said_again,) if message.outcome == "done" else ())
    if channel == "portal":
        return _portal_answered(message, state, news, context)
    return _citizen_answered(message, state, news, context)


def _citizen_answered(
    message: Answered, state: Correspondence, news: News, context: Context
) -> Decision[Correspondence]:
    if message.outcome == "done" and news.citizen != "told":
        by: ContactChannel = "sms" if message.kind.startswith("sms:") else "email"
        said = CitizenNotified(step=news.step, channel=by, about=news.event_id)
        return go_on(change(state, replace(news, citizen="told")), context, (said,))
    if message.outcome == "no" and news.citizen == "asked":
        if message.reason == DISCARDED:
            return _given_up(state, news, context)
        return go_on(change(state, replace(news, citizen="waiting")), context)
    return Decision(state)


def on_in_doubt(
    message: InDoubt, state: Correspondence, context: Context
) -> Decision[Correspondence]:
    """Wait while the outside can be asked; give the step up when it can never be known."""
    channel, _, key = message.kind.partition(":")
    news = find(state, key)
    if news is None or not message.final:
        return Decision(state)
    if channel == "portal" and news.portal == "asked":
        return go_on(change(state, replace(news, portal="abandoned")), context)
    if channel != "portal" and news.citizen == "asked":
        return _given_up(state, news, context)
    return Decision(state)


def _given_up(state: Correspondence, news: News, context: Context) -> Decision[Correspondence]:
    """Take no other channel: what was sent by the first one may have arrived."""
    given_up = change(state, replace(news, citizen="abandoned"))
    return go_on(given_up, context, (abandoned(news, "in_doubt"),))


def _informed(state: Correspondence, news: News, again: int = 0) -> PortalInformed:
    return PortalInformed(
        step=news.step,
        portal=state.portal,
        status=status_of(news),
        about=news.event_id,
        again=again,
    )


def _portal_answered(
    message: Answered, state: Correspondence, news: News, context: Context
) -> Decision[Correspondence]:
    if message.outcome == "done" and news.portal != "informed":
        said = _informed(state, news)
        return go_on(change(state, replace(news, portal="informed")), context, (said,))
    if message.outcome == "no" and news.portal == "asked":
        return go_on(change(state, replace(news, portal="abandoned")), context)
    return Decision(state)


#: What the notifier does with each kind of message.
RULES: dict[type, Callable[[Any, Correspondence, Context], Decision[Correspondence]]] = {
    Submitted: on_submitted,
    Routed: on_routed,
    Forwarded: on_step,
    Accepted: on_step,
    Returned: on_step,
    Resubmitted: on_resubmitted,
    WithdrawalRequested: unchanged,
    Withdrawn: on_step,
    Stopped: on_step,
    Resumed: on_step,
    Rescheduled: on_step,
    Registered: on_step,
    RegisterReturned: unchanged,
    RegistrationInDoubt: unchanged,
    PersonalIdAssigned: on_step,
    RegistrationCorrected: on_step,
    HandedOver: on_step,
    ParticularsArrived: on_particulars,
    ParticularsErased: on_erased,
    Answered: on_answered,
    InDoubt: on_in_doubt,
}
