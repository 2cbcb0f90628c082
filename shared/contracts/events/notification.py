"""What the notifier says: who was told what."""

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from contracts.events.base import EventData
from contracts.model import ContactChannel, PortalId, Step


class CitizenNotified(EventData):
    """The citizen was told of one step, once; `about` is the event that was told."""

    name = "citizen_notified"
    service = "notifier"

    step: Step
    channel: ContactChannel
    about: UUID


class NotificationAbandoned(EventData):
    """The citizen could not be told of a step, and why."""

    name = "notification_abandoned"
    service = "notifier"

    step: Step
    reason: Literal["no_contact", "unreachable", "in_doubt", "erased"]
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
