"""Taking submissions and erasing their personal data, inside the caller's transaction."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cached_property
from uuid import UUID, uuid5

from contracts.decision import Refused
from contracts.envelope import Cause, Head, sha256
from contracts.events import Imported, ParticularsRef
from contracts.model import local_day
from contracts.particulars import Particulars, ParticularsRecord
from contracts.portal import About, Receipt, Submission
from contracts.topics import PARTICULARS
from intake.civil_events import SAME_EVENT, events_in, others
from intake.domain import (
    FIRST_ROUND,
    Dossier,
    Erase,
    Party,
    Submit,
    Taken,
    dossier_code,
    dossier_id_of,
)
from intake.flags import flags_of
from intake.keeping import Kept, keep
from intake.store import forget_particulars, number
from plumbing.applying import Item, Part, apply, give_subjects, lock
from plumbing.database import Conn
from plumbing.outbox import OutboxRow, add
from plumbing.sealing import KeyRing, particulars_purpose
from reference import Reference


class NotDecided(Exception):
    """A rule refused what the locks had made sure of: a bug of ours."""


@dataclass(frozen=True)
class Handed:
    """A checked submission as a portal handed it in.

    One that is imported brings the code the citizen has for it.
    """

    party: Party
    submission: Submission
    fingerprint: str
    imported: Imported | None = None
    code: str | None = None

    @cached_property
    def dossier_id(self) -> UUID:
        """Return the id of its dossier."""
        return dossier_id_of(self.party.portal, self.submission.portal_reference)


@dataclass(frozen=True)
class Desk:
    """The rules with their store, the keys for personal data, and the reference data."""

    part: Part[Dossier]
    keys: KeyRing
    reference: Reference


@dataclass(frozen=True)
class Took:
    """The dossier of each submission by id, and which of them were taken just now."""

    dossiers: dict[UUID, Dossier]
    fresh: frozenset[UUID]


async def take(conn: Conn, desk: Desk, handed: Sequence[Handed], now: datetime) -> Took:
    """Take what was not taken before, in the order given.

    Of several with one id the first counts; a fingerprint that differs from the dossier's tells
    the caller that the content was another. All dossiers stay locked until the transaction ends.
    """
    firsts: dict[UUID, Handed] = {}
    for one in handed:
        firsts.setdefault(one.dossier_id, one)
    if not firsts:
        return Took({}, frozenset())
    heads = await lock(conn, dict.fromkeys(firsts, ""))
    fresh = {i: one for i, one in firsts.items() if not heads[i].subject}
    known = [i for i in firsts if i not in fresh]
    dossiers = await desk.part.store.load(conn, known) if known else {}
    if fresh:
        new = {i: heads[i] for i in fresh}
        dossiers |= await _take_fresh(conn, desk, fresh, new, now)
    return Took(dossiers, frozenset(fresh))


async def _take_fresh(
    conn: Conn,
    desk: Desk,
    fresh: Mapping[UUID, Handed],
    locked: dict[UUID, Head],
    now: datetime,
) -> dict[UUID, Dossier]:
    codes = await _codes(conn, desk.reference, fresh, now)
    heads = await give_subjects(conn, locked, codes)
    events = {i: events_in(one.submission, desk.reference) for i, one in fresh.items()}
    alike = await others(conn, desk.keys, events, codes)
    items, rows = [], []
    for dossier_id, one in fresh.items():
        particulars, row = seal_particulars(desk.keys, dossier_id, one.submission, FIRST_ROUND)
        flags = flags_of(one.submission, desk.reference, local_day(one.submission.submitted_at))
        same = alike.get(dossier_id, ())
        command = Submit(
            one.party,
            one.submission,
            one.fingerprint,
            particulars,
            (*flags, SAME_EVENT) if same else flags,
            same,
            one.imported,
        )
        items.append(Item(dossier_id, command, cause_of(command)))
        rows.append(row)
    # Before the events: whoever hears of a dossier can soon read its personal data.
    await add(conn, rows)
    decisions = await apply(conn, desk.part, desk.keys, heads, items, now)
    kept = {dossier_id: Kept(FIRST_ROUND, one.submission) for dossier_id, one in fresh.items()}
    await keep(conn, desk.keys, kept)
    states = [decision.state for decision in decisions if not isinstance(decision, Refused)]
    if len(states) != len(items):
        raise NotDecided("submit")
    return {state.dossier_id: state for state in states}


async def _codes(
    conn: Conn, reference: Reference, fresh: Mapping[UUID, Handed], now: datetime
) -> dict[UUID, str]:
    on = local_day(now)
    codes = {dossier_id: one.code for dossier_id, one in fresh.items() if one.code is not None}
    new = {i: one.submission for i, one in fresh.items() if i not in codes}
    numbers = await number(conn, [one.unit_code for one in new.values()], on) if new else []
    for (dossier_id, one), counted in zip(new.items(), numbers, strict=True):
        # The unit and its province are of the day of submission; number and date are today's.
        province = reference.province(one.province_code, local_day(one.submitted_at))
        if province is None:
            raise NotDecided("province")
        codes[dossier_id] = dossier_code(province.h_code, one.unit_code, on, counted)
    return codes


def seal_particulars(
    keys: KeyRing, dossier_id: UUID, submission: Submission, version: int
) -> tuple[ParticularsRef, OutboxRow]:
    """Return the reference an event carries, and the encrypted record to publish before it."""
    particulars = Particulars(
        applicant=submission.applicant,
        notify_by=submission.notify_by,
        form=submission.form,
        attachments=submission.attachments,
    )
    purpose = particulars_purpose(dossier_id, version)
    sealed = keys.seal(particulars.model_dump_json().encode(), purpose)
    record = ParticularsRecord.model_construct(
        dossierid=dossier_id,
        version=version,
        kid=sealed.kid,
        nonce=sealed.nonce,
        ciphertext=sealed.ciphertext,
    )
    row = OutboxRow(
        PARTICULARS.name,
        str(dossier_id).encode(),
        record.model_dump_json().encode(),
        uuid5(dossier_id, f"particulars:{version}"),
    )
    return ParticularsRef(version=version, sha256=sha256(sealed.ciphertext)), row


def cause_of(command: Submit) -> Cause:
    """Return the submission as a cause; its hash is over the ciphertext, never over the plain.

    A hash of the body would stay on the log for ever and could be tried against guesses.
    """
    name = f"submission:{command.party.portal}:{command.submission.portal_reference}"
    return Cause(name, sha256(f"{name}:{command.particulars.sha256}".encode()))


def receipt_of(
    dossier: Dossier, taken: Taken, about: About = "submission", at: datetime | None = None
) -> Receipt:
    """Return the portal's proof that the dossier was taken, or what it is `about`, `at` then."""
    return Receipt(
        portal=taken.portal,
        portal_reference=taken.portal_reference,
        dossier_id=dossier.dossier_id,
        dossier_code=dossier.code,
        received_at=at or taken.received_at,
        about=about,
    )


async def erase(conn: Conn, desk: Desk, dossier_id: UUID, by: str, now: datetime) -> bool | None:
    """Erase the personal data of a dossier; return whether it was there, None for no dossier.

    The tombstone is published once; nothing that is still unsent follows it.
    """
    known = await desk.part.store.load(conn, [dossier_id])
    if dossier_id not in known:
        return None
    heads = await lock(conn, {dossier_id: known[dossier_id].code})
    before = (await desk.part.store.load(conn, [dossier_id]))[dossier_id]
    cause = Cause(f"erasure:{dossier_id}", sha256(f"erasure:{dossier_id}:{by}".encode()))
    item = Item(dossier_id, Erase(by), cause)
    (decision,) = await apply(conn, desk.part, desk.keys, heads, [item], now)
    if isinstance(decision, Refused):
        raise NotDecided("erase")
    if before.erased is not None:
        return False
    await forget_particulars(conn, dossier_id)
    key, event_id = str(dossier_id).encode(), uuid5(dossier_id, "particulars:erased")
    await add(conn, [OutboxRow(PARTICULARS.name, key, None, event_id)])
    return True
