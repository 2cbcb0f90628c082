"""The lifecycle events: what each service says about a dossier. No personal data."""

from contracts.events.base import (
    Actor,
    AttachmentRef,
    Code,
    Due,
    DueStep,
    EventData,
    LegalSource,
    ParticularsRef,
    Round,
)
from contracts.events.intake import (
    Imported,
    Resubmitted,
    Submitted,
    WithdrawalRequested,
)
from contracts.events.notification import (
    CitizenNotified,
    NotificationAbandoned,
    PortalInformed,
)
from contracts.events.registry import (
    BookText,
    Registered,
    RegisterReturned,
    RegistrationInDoubt,
)
from contracts.events.routing import (
    Accepted,
    Forwarded,
    HandedOver,
    Rescheduled,
    Resumed,
    Returned,
    Routed,
    Stopped,
    Withdrawn,
)

#: Every lifecycle event there is, in the order of a dossier's life.
EVENTS: tuple[type[EventData], ...] = (
    Submitted,
    Routed,
    Forwarded,
    Accepted,
    Returned,
    Resubmitted,
    WithdrawalRequested,
    Withdrawn,
    Stopped,
    Resumed,
    Rescheduled,
    Registered,
    RegisterReturned,
    RegistrationInDoubt,
    HandedOver,
    CitizenNotified,
    NotificationAbandoned,
    PortalInformed,
)

__all__ = [
    "EVENTS",
    "Accepted",
    "Actor",
    "AttachmentRef",
    "BookText",
    "CitizenNotified",
    "Code",
    "Due",
    "DueStep",
    "EventData",
    "Forwarded",
    "HandedOver",
    "Imported",
    "LegalSource",
    "NotificationAbandoned",
    "ParticularsRef",
    "PortalInformed",
    "RegisterReturned",
    "Registered",
    "RegistrationInDoubt",
    "Rescheduled",
    "Resubmitted",
    "Resumed",
    "Returned",
    "Round",
    "Routed",
    "Stopped",
    "Submitted",
    "WithdrawalRequested",
    "Withdrawn",
]
