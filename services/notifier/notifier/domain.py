"""The rules of the notifier: what it makes of each event, of personal data and of answers."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from contracts.decision import (
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
    PortalInformed,
    Registered,
    RegisterReturned,
    RegistrationInDoubt,
    Returned,
    Routed,
    Submitted,
)
from contracts.model import ContactChannel, Step
from notifier.correspondence import Contact, Correspondence, News
from notifier.requests import status_of
from notifier.telling import abandoned, change, find, go_on, hear


def on_submitted(
    message: Envelope, state: Correspondence, context: Context
) -> Decision[Correspondence]:
    """Learn which portal is to be told, and tell the first step."""
    data = message.data
    assert isinstance(data, Submitted)
    known = replace(
        _named(state, message), portal=data.portal, portal_reference=data.portal_reference
    )
    return hear(known, _news("submitted", message), context)


def on_accepted(
    message: Envelope, state: Correspondence, context: Context
) -> Decision[Correspondence]:
    """Tell the reception, once the submission was told."""
    return hear(_named(state, message), _news("accepted", message), context)


def on_returned(
    message: Envelope, state: Correspondence, context: Context
) -> Decision[Correspondence]:
    """Tell that the dossier came back, and why, once the submission was told."""
    data = message.data
    assert isinstance(data, Returned)
    news = replace(
        _news("returned", message), kind=data.kind, reasons=data.reasons, papers=data.papers
    )
    return hear(_named(state, message), news, context)


def on_registered(
    message: Envelope, state: Correspondence, context: Context
) -> Decision[Correspondence]:
    """Tell the result, once the reception was told."""
    return hear(_named(state, message), _news("registered", message), context)


def unchanged(
    message: Envelope, state: Correspondence, context: Context
) -> Decision[Correspondence]:
    """Say nothing: routing is inner work, and what the register sends back the one-stop tells."""
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
    channel, _, step = message.kind.partition(":")
    news = find(state, step)
    if news is None:
        return Decision(state)
    if channel == "portal":
        return _portal_answered(message, state, news, context)
    if message.outcome == "done" and news.citizen != "told":
        by: ContactChannel = "sms" if channel == "sms" else "email"
        said = CitizenNotified(step=news.step, channel=by, about=news.event_id)
        return go_on(change(state, replace(news, citizen="told")), context, (said,))
    if message.outcome == "no" and news.citizen == "asked":
        return go_on(change(state, replace(news, citizen="waiting")), context)
    return Decision(state)


def on_in_doubt(
    message: InDoubt, state: Correspondence, context: Context
) -> Decision[Correspondence]:
    """Wait while the outside can be asked; give the step up when it can never be known."""
    channel, _, step = message.kind.partition(":")
    news = find(state, step)
    if news is None or not message.final:
        return Decision(state)
    if channel == "portal" and news.portal == "asked":
        return go_on(change(state, replace(news, portal="abandoned")), context)
    if channel != "portal" and news.citizen == "asked":
        given_up = change(state, replace(news, citizen="abandoned"))
        return go_on(given_up, context, (abandoned(news, "in_doubt"),))
    return Decision(state)


def _portal_answered(
    message: Answered, state: Correspondence, news: News, context: Context
) -> Decision[Correspondence]:
    if message.outcome == "done" and news.portal != "informed":
        said = PortalInformed(
            step=news.step, portal=state.portal, status=status_of(news), about=news.event_id
        )
        return go_on(change(state, replace(news, portal="informed")), context, (said,))
    if message.outcome == "no" and news.portal == "asked":
        return go_on(change(state, replace(news, portal="abandoned")), context)
    return Decision(state)


def _named(state: Correspondence, message: Envelope) -> Correspondence:
    # Personal data may arrive before the event that names the dossier's code.
    return replace(state, dossier_code=message.subject)


def _news(step: Step, message: Envelope) -> News:
    return News(step, message.id, message.time)


#: What the notifier does with each kind of message.
RULES: dict[type, Callable[[Any, Correspondence, Context], Decision[Correspondence]]] = {
    Submitted: on_submitted,
    Routed: unchanged,
    Accepted: on_accepted,
    Returned: on_returned,
    Registered: on_registered,
    RegisterReturned: unchanged,
    RegistrationInDoubt: unchanged,
    ParticularsArrived: on_particulars,
    ParticularsErased: on_erased,
    Answered: on_answered,
    InDoubt: on_in_doubt,
}
