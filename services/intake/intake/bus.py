"""The Kafka road: what portals send on the bus, and the answer each gets."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from typing import Any
from uuid import UUID, uuid5

from contracts.portal import (
    RECEIVED_TYPE,
    REFUSED_TYPE,
    PortalReply,
    Problem,
    Receipt,
    Refusal,
    Submission,
)
from contracts.topics import REPLIES
from intake import problems
from intake.declared import is_reference, read_reference
from intake.domain import Dossier, Party, dossier_id_of
from intake.reading import BrokenJson, check_event, fingerprint_of, read_json
from intake.signatures import Forged, Signatures
from intake.taking import Desk, Handed, Took, receipt_of, take
from intake.telling import tell_refused, tell_taken
from plumbing.database import Conn
from plumbing.deadletters import Dead, bury
from plumbing.inlets import Settled
from plumbing.outbox import OutboxRow, add
from plumbing.sequencing import Record

_REPLY_IDS = UUID("5b0f6c2e-7a43-5d7e-8f25-1d8f0a7c9e42")


@dataclass(frozen=True)
class Letter:
    """A believed record: whose it is, which reference its answer goes to, and what it says."""

    record: Record
    party: Party
    reference: str
    event: Any
    broken: bool = False

    @property
    def document(self) -> Any:
        """Return the submission in it, whatever that is."""
        return self.event.get("data") if isinstance(self.event, dict) else None

    @cached_property
    def dossier_id(self) -> UUID | None:
        """Return the dossier it is about, None if it does not say so consistently."""
        if read_reference(self.document) != self.reference:
            return None
        return dossier_id_of(self.party.portal, self.reference)


@dataclass(frozen=True)
class Repeated:
    """A submission whose dossier was taken before."""

    dossier_id: UUID
    fingerprint: str


Verdict = Dossier | Problem


@dataclass(frozen=True)
class SubmissionInlet:
    """Answers each record of `portal.submissions.v1` with a receipt or a refusal."""

    desk: Desk
    signatures: Signatures

    async def __call__(self, conn: Conn, records: Sequence[Record], now: datetime) -> Settled:
        """Settle the records in bulk; what no portal signed goes to the dead letters."""
        opened = [self._open(record) for record in records]
        dead = [one for one in opened if isinstance(one, Dead)]
        letters = [one for one in opened if isinstance(one, Letter)]
        ids = [i for letter in letters if (i := letter.dossier_id) is not None]
        known = await self.desk.part.store.load(conn, ids)
        checked = [self._check(letter, known, now) for letter in letters]
        handed = [one for one in checked if isinstance(one, Handed)]
        took = await take(conn, self.desk, handed, now)
        verdicts = [_verdict(one, known | took.dossiers) for one in checked]
        await add(conn, _replies(letters, verdicts, now))
        await bury(conn, self.desk.keys, dead)
        _tell(letters, verdicts, handed, took)
        return Settled(len(took.fresh), len(letters) - len(took.fresh), 0, len(dead))

    def _open(self, record: Record) -> Letter | Dead:
        believed = self.signatures.believe(record)
        if isinstance(believed, Forged):
            return Dead(record, believed.reason)
        key = (record.key or b"").decode(errors="replace")
        if not is_reference(key):
            return Dead(record, "key_is_no_reference")
        try:
            return Letter(record, believed.party, key, read_json(believed.text.encode()))
        except BrokenJson:
            return Letter(record, believed.party, key, None, broken=True)

    def _check(
        self, letter: Letter, known: dict[UUID, Dossier], now: datetime
    ) -> Handed | Repeated | Problem:
        if letter.broken:
            return problems.broken_json().problem
        # What was taken is answered for ever, also when the rules of the day have changed.
        if letter.dossier_id in known:
            return Repeated(letter.dossier_id, fingerprint_of(letter.document))
        found = check_event(letter.event, letter.reference, letter.party, now, self.desk.reference)
        if isinstance(found, Submission):
            return Handed(letter.party, found, fingerprint_of(letter.document))
        return problems.not_acceptable(found).problem


def _verdict(one: Handed | Repeated | Problem, dossiers: dict[UUID, Dossier]) -> Verdict:
    if isinstance(one, Problem):
        return one
    dossier = dossiers[one.dossier_id]
    if dossier.taken is None or dossier.taken.fingerprint != one.fingerprint:
        return problems.other_content().problem
    return dossier


def _replies(
    letters: Sequence[Letter], verdicts: Sequence[Verdict], now: datetime
) -> Iterable[OutboxRow]:
    for letter, verdict in zip(letters, verdicts, strict=True):
        record = letter.record
        place = f"{record.topic}-{record.partition}-{record.offset}"
        data = _answer(letter, verdict)
        reply = PortalReply(
            id=uuid5(_REPLY_IDS, place),
            type=RECEIVED_TYPE if isinstance(data, Receipt) else REFUSED_TYPE,
            subject=letter.reference,
            time=now,
            data=data,
        )
        body = reply.model_dump_json().encode()
        yield OutboxRow(REPLIES.name, letter.reference.encode(), body, reply.id)


def _answer(letter: Letter, verdict: Verdict) -> Receipt | Refusal:
    if isinstance(verdict, Dossier) and verdict.taken is not None:
        return receipt_of(verdict, verdict.taken)
    assert isinstance(verdict, Problem)
    return Refusal(portal=letter.party.portal, portal_reference=letter.reference, problem=verdict)


def _tell(
    letters: Sequence[Letter], verdicts: Sequence[Verdict], handed: Sequence[Handed], took: Took
) -> None:
    # The commit is still to come: after a rollback the same is said again.
    untold = set(took.fresh)
    for one in handed:
        if one.dossier_id in untold:
            untold.discard(one.dossier_id)
            tell_taken(one)
    for letter, verdict in zip(letters, verdicts, strict=True):
        if isinstance(verdict, Problem):
            tell_refused(letter.party, verdict)
