"""A dossier's log as it grows, for rebuilds: what others say of it, and what a service decides."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from uuid import UUID

from contracts.envelope import Cause, Envelope, Head, decode, extend
from contracts.events import EventData
from contracts.particulars import Particulars, ParticularsRecord
from contracts.topics import LIFECYCLE, PARTICULARS
from plumbing.accesses.opening import Opening
from plumbing.accesses.rows import by_service
from plumbing.rebuilding.spooling import LogRecord
from plumbing.rebuilding.stories import read_story
from plumbing.sealing import KeyRing, particulars_purpose

RING = KeyRing("k1", {"k1": bytes(range(32))})


@dataclass
class DossierLog:
    """The records of one dossier on every topic, in the order they were written."""

    dossier_id: UUID
    code: str
    records: list[LogRecord] = field(default_factory=list)
    heads: dict[str, Head] = field(default_factory=dict)

    def say(self, data: EventData, cause: Cause, at: datetime) -> tuple[Envelope, Cause]:
        """Write a service's next event; return it, and as what leads to another."""
        head = self.heads.get(data.service) or Head(self.dossier_id, self.code)
        body, identity, self.heads[data.service] = extend(head, data, cause, at)
        self.put(LIFECYCLE[data.service].name, body, at)
        return decode(body), Cause(str(identity), self.heads[data.service].hash)

    def put(self, topic: str, value: bytes | None, at: datetime) -> LogRecord:
        """Write a record with the dossier's key."""
        offset = sum(one.topic == topic for one in self.records)
        key, at_ms = str(self.dossier_id).encode(), int(at.timestamp() * 1000)
        self.records.append(LogRecord(topic, 0, offset, at_ms, key, value))
        return self.records[-1]

    def seal(self, particulars: Particulars | None, version: int, at: datetime) -> LogRecord:
        """Write a version of the personal data; none erases them."""
        if particulars is None:
            return self.put(PARTICULARS.name, None, at)
        purpose = particulars_purpose(self.dossier_id, version)
        sealed = RING.seal(particulars.model_dump_json().encode(), purpose)
        record = ParticularsRecord.model_construct(
            dossierid=self.dossier_id,
            version=version,
            kid=sealed.kid,
            nonce=sealed.nonce,
            ciphertext=sealed.ciphertext,
        )
        return self.put(PARTICULARS.name, record.model_dump_json().encode(), at)

    def story(self, service: str, keys: KeyRing | None = RING, *, but: Any = ()) -> Any:
        """Return what a rebuild of the service reads of the dossier, without the records `but`."""
        kept = [one for one in self.records if one not in but]
        by = by_service(service, "opened_to_take_in")
        access = None if keys is None else Opening(keys, by)
        return read_story(service, str(self.dossier_id).encode(), kept, access)
