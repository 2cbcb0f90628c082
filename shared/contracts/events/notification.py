"""What the notifier says: who was told what."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from contracts.events.base import EventData
from contracts.model import ContactChannel, PortalId, Step, TemplateId

#: Why a citizen was not told of a step.
Unsaid = Literal["no_contact", "unreachable", "in_doubt", "erased", "trial", "overtaken", "expired"]


class CitizenNotified(EventData):
    """The citizen was told of one step, once; `about` is the event that was told.

    `template` says in which words; none for what was told before they had versions. `instead_of`
    is the channel that had taken the message and then could not deliver it.
    """

    name = "citizen_notified"
    service = "notifier"

    step: Step
    channel: ContactChannel
    about: UUID
    template: TemplateId | None = None
    instead_of: ContactChannel | None = None


class NotificationAbandoned(EventData):
    """The citizen could not be told of a step, and why.

    `trial`: nobody outside the trial is written to. `overtaken`: it waited, and a later step made
    it pointless. `expired`: it waited so long that it is no news any more.
    """

    name = "notification_abandoned"
    service = "notifier"

    step: Step
    reason: Unsaid
    about: UUID


class PortalInformed(EventData):
    """The portal confirmed that it has the status of one step.

    `again` counts how often it was told once more because it did not have it after all.
    """

    name = "portal_informed"
    service = "notifier"

    step: Step
    portal: PortalId
    status: Annotated[int, Field(ge=1, le=10)]
    about: UUID
    again: Annotated[int, Field(ge=0, le=99)] = 0
