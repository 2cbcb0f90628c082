"""The rules of the notifier: what it makes of each event, of personal data and of answers."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, cast

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
    Unsaid,
    WithdrawalRequested,
    Withdrawn,
)
from notifier.comparing_rules import AGAIN
from notifier.correspondence import Contact, Correspondence, News
from notifier.freshness import STALE, Stale
from notifier.gateways import MOVED, channel_of, other_gateway, step_key
from notifier.heard import news_of
from notifier.reasons import ELSEWHERE, TRIAL
from notifier.requests import status_of
from notifier.telling import abandoned, ask_by, change, find, go_on, hear
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
        procedure_code=data.procedure_code,
        unit_code=data.unit_code,
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
    language = applicant.language or "vi"
    contact = Contact(applicant.full_name, applicant.phone, applicant.email, chosen, language)
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
    channel = message.kind.partition(":")[0]
    key, _, again = step_key(message.kind).partition(AGAIN)
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
        said = CitizenNotified(
            step=news.step,
            channel=channel_of(message.kind),
            about=news.event_id,
            template=news.template or None,
            instead_of="sms" if news.undelivered else None,
        )
        return go_on(change(state, replace(news, citizen="told")), context, (said,))
    if message.outcome == "no" and news.citizen == "asked":
        if message.reason == DISCARDED:
            return _given_up(state, news, context)
        if message.reason in STALE:
            return _not_told(state, news, cast(Stale, message.reason), context)
        if message.reason == ELSEWHERE and state.contact and state.contact.phone:
            return _moved(message, state, state.contact, news, context)
        off_trial = news.off_trial or message.reason == TRIAL
        waiting = replace(news, citizen="waiting", off_trial=off_trial)
        return go_on(change(state, waiting), context)
    return Decision(state)


def _not_told(
    state: Correspondence, news: News, why: Unsaid, context: Context
) -> Decision[Correspondence]:
    given_up = change(state, replace(news, citizen="abandoned"))
    return go_on(given_up, context, (abandoned(news, why),))


def _moved(
    message: Answered, state: Correspondence, contact: Contact, news: News, context: Context
) -> Decision[Correspondence]:
    """Ask another gateway, once: the first certainly did not take the message."""
    refused = message.kind.partition(":")[0]
    other = other_gateway(context, state.dossier_id, news.key, refused)
    state, effect = ask_by(f"{other}{MOVED}", state, contact, news, context)
    return Decision(state, (), (effect,))


def on_in_doubt(
    message: InDoubt, state: Correspondence, context: Context
) -> Decision[Correspondence]:
    """Wait while the outside can be asked; give the step up when it can never be known."""
    channel = message.kind.partition(":")[0]
    news = find(state, step_key(message.kind))
    if news is None or not message.final:
        return Decision(state)
    if channel == "portal" and news.portal == "asked":
        return go_on(change(state, replace(news, portal="abandoned")), context)
    if channel != "portal" and news.citizen == "asked":
        return _given_up(state, news, context)
    return Decision(state)


def _given_up(state: Correspondence, news: News, context: Context) -> Decision[Correspondence]:
    """Take no other channel: what was sent by the first one may have arrived."""
    return _not_told(state, news, "in_doubt", context)


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
