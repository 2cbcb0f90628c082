"""What a service hears of a dossier on its topics, as messages for its rules."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from contracts.decision import ParticularsArrived, ParticularsErased
from contracts.envelope import Envelope, sha256
from contracts.particulars import Particulars, ParticularsRecord
from plumbing.inlets import ERASED
from plumbing.sealing import KeyRing, Sealed, particulars_purpose
from tests.chaos.campaign.dump import Record


@dataclass(frozen=True)
class Heard:
    """One message a service got, its number in its source, and what names it as a cause."""

    number: int
    at_ms: int
    message: Any
    cause: str

    @property
    def is_event(self) -> bool:
        """Return whether it is an event, and not personal data."""
        return isinstance(self.message, Envelope)

    @property
    def at(self) -> datetime:
        """Return when it was said, by its service's clock, or came to its topic."""
        if isinstance(self.message, Envelope):
            return self.message.time
        return datetime.fromtimestamp(self.at_ms / 1000, UTC)


def heard_event(event: Envelope, at_ms: int) -> Heard:
    """Return the event as a message."""
    return Heard(event.sequence, at_ms, event, str(event.id))


def heard_particulars(record: Record, keys: KeyRing) -> Heard:
    """Return the personal data, or their erasure, as a message."""
    dossier_id = UUID((record.key or b"").decode())
    if record.value is None:
        return Heard(ERASED, record.at_ms, ParticularsErased(dossier_id), f"particulars:{ERASED}")
    sealed = ParticularsRecord.model_validate_json(record.value)
    plain = keys.open(
        Sealed(sealed.kid, sealed.nonce, sealed.ciphertext),
        particulars_purpose(dossier_id, sealed.version),
    )
    particulars = Particulars.model_validate_json(plain)
    digest = sha256(sealed.ciphertext)
    message = ParticularsArrived(dossier_id, sealed.version, digest, particulars)
    return Heard(sealed.version, record.at_ms, message, f"particulars:{sealed.version}")
