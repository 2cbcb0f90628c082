"""The records of `portal.submissions.v1` as letters: whose, about what, and in which order."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID, uuid5

from contracts.portal import (
    RECEIVED_TYPE,
    REFUSED_TYPE,
    About,
    PortalReply,
    Problem,
    Receipt,
    Refusal,
)
from contracts.topics import replies_to
from intake.declared import is_reference, read_reference
from intake.domain import Party, dossier_id_of
from intake.follow_ups import ABOUT
from intake.signatures import Forged, Signatures
from plumbing.deadletters import Dead
from plumbing.outbox import OutboxRow
from plumbing.sequencing import Record
from plumbing.strict_json import BrokenJson, Why, read_json

_REPLY_IDS = UUID("5b0f6c2e-7a43-5d7e-8f25-1d8f0a7c9e42")


@dataclass(frozen=True)
class Letter:
    """A believed record: whose it is, which reference its answer goes to, and what it says."""

    record: Record
    party: Party
    reference: str
    event: Any
    broken: Why | None = None

    @property
    def document(self) -> Any:
        """Return the submission or follow-up in it, whatever that is."""
        return self.event.get("data") if isinstance(self.event, dict) else None

    @cached_property
    def about(self) -> About:
        """Return what it is about; whatever is no follow-up is taken for a submission."""
        kind = self.event.get("type") if isinstance(self.event, dict) else None
        return ABOUT.get(kind, "submission") if isinstance(kind, str) else "submission"

    @cached_property
    def dossier_id(self) -> UUID | None:
        """Return the dossier it is about, None if it does not say so consistently."""
        if read_reference(self.document) != self.reference:
            return None
        return dossier_id_of(self.party.portal, self.reference)


def open_record(record: Record, signatures: Signatures) -> Letter | Dead:
    """Return the letter in a record, or why nobody can be answered for it."""
    believed = signatures.believe(record)
    if isinstance(believed, Forged):
        return Dead(record, believed.reason)
    key = (record.key or b"").decode(errors="replace")
    if not is_reference(key):
        return Dead(record, "key_is_no_reference")
    try:
        return Letter(record, believed.party, key, read_json(believed.text.encode()))
    except BrokenJson as error:
        return Letter(record, believed.party, key, None, broken=error.why)


def waves(letters: Sequence[Letter]) -> list[list[Letter]]:
    """Return the letters in waves, by turns of submissions and of what follows a submission.

    What one portal says of one reference keeps its order over the waves and in each of them, so
    that all of a wave may be settled together. The first wave is of submissions, and may be empty.
    """
    made: list[list[Letter]] = []
    reached: dict[tuple[str, str], int] = {}
    for letter in letters:
        key = (letter.party.portal, letter.reference)
        wave = reached.get(key, 0)
        wave += wave % 2 != (letter.about != "submission")
        reached[key] = wave
        made += [[] for _ in range(len(made), wave + 1)]
        made[wave].append(letter)
    return made


def reply(letter: Letter, answer: Receipt | Problem, now: datetime) -> OutboxRow:
    """Return the answer to a letter as it leaves; of a record settled again it has the same id."""
    record = letter.record
    data: Receipt | Refusal
    if isinstance(answer, Receipt):
        data = answer
    else:
        data = Refusal(
            portal=letter.party.portal,
            portal_reference=letter.reference,
            problem=answer,
            about=letter.about,
        )
    event = PortalReply(
        id=uuid5(_REPLY_IDS, f"{record.topic}-{record.partition}-{record.offset}"),
        type=RECEIVED_TYPE if isinstance(data, Receipt) else REFUSED_TYPE,
        subject=letter.reference,
        time=now,
        data=data,
    )
    key, body = letter.reference.encode(), event.model_dump_json().encode()
    return OutboxRow(replies_to(letter.party.portal).name, key, body, event.id)
