"""Adding supplements to dossiers and asking them back, inside the caller's transaction."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Final
from uuid import UUID

from contracts.decision import Refused
from contracts.envelope import Cause, sha256
from contracts.portal import About, Receipt, Supplement, Withdrawal
from intake import problems
from intake.domain import FIRST_ROUND, Dossier, Party, Resubmit, Taken, Withdraw, dossier_id_of
from intake.follow_ups import FollowUp
from intake.keeping import Kept, keep, load_kept
from intake.reading import Problems
from intake.supplementing import is_in, problems_after, with_supplement
from intake.taking import Desk, NotDecided, receipt_of, seal_particulars
from plumbing.accesses.opening import opening
from plumbing.accesses.rows import by_service
from plumbing.applying import Item, apply, lock
from plumbing.database import Conn
from plumbing.outbox import OutboxRow, add
from plumbing.serving import ProblemRaised

_REFUSALS: Final = {
    "personal_data_erased": problems.data_erased,
    "too_many_supplements": problems.too_many_supplements,
}


@dataclass(frozen=True)
class Asked:
    """What a portal sent after its submission: read, or the problems of reading it."""

    party: Party
    reference: str
    about: About
    read: FollowUp | Problems
    fingerprint: str

    @cached_property
    def dossier_id(self) -> UUID:
        """Return the id of the dossier it is about, whether there is one or not."""
        return dossier_id_of(self.party.portal, self.reference)


@dataclass(frozen=True)
class Followed:
    """The receipt, whether it was new, and the round the dossier is in by it."""

    receipt: Receipt
    fresh: bool
    round: int


@dataclass
class _Folder:
    """One locked dossier while what came for it is decided in order."""

    dossier: Dossier
    taken: Taken
    kept: Kept | None
    changed: bool = False


@dataclass
class _Work:
    desk: Desk
    now: datetime
    items: list[Item] = field(default_factory=list)
    rows: list[OutboxRow] = field(default_factory=list)


async def follow_up(
    conn: Conn, desk: Desk, asked: Sequence[Asked], now: datetime
) -> list[Followed | ProblemRaised]:
    """Add or ask back each in the order given; return the answer to each.

    A supplement that came before, whatever its key and road, has the answer of then; so has a
    second withdrawal. All dossiers stay locked until the transaction ends.
    """
    folders = await _open(conn, desk, {one.dossier_id for one in asked})
    work = _Work(desk, now)
    answers = [_answer(work, folders.get(one.dossier_id), one) for one in asked]
    if work.items:
        heads = await lock(conn, {i: folder.dossier.code for i, folder in folders.items()})
        # Before the events: whoever hears of a round can soon read its personal data.
        await add(conn, work.rows)
        decisions = await apply(conn, desk.part, desk.keys, heads, work.items, now)
        if any(isinstance(decision, Refused) for decision in decisions):
            raise NotDecided("follow_up")
        changed = {i: f.kept for i, f in folders.items() if f.changed and f.kept is not None}
        await keep(conn, desk.keys, changed)
    return answers


async def _open(conn: Conn, desk: Desk, ids: Iterable[UUID]) -> dict[UUID, _Folder]:
    known = await desk.part.store.load(conn, sorted(ids))
    if not known:
        return {}
    await lock(conn, {dossier_id: one.code for dossier_id, one in known.items()})
    # Only now: another transaction may have added to them, or erased them, meanwhile.
    dossiers = await desk.part.store.load(conn, list(known))
    by = by_service("intake", "opened_to_merge")
    async with opening(conn, desk.keys, by) as access:
        kept = await load_kept(conn, access, list(known))
    return {
        i: _Folder(dossier, dossier.taken, kept.get(i))
        for i, dossier in dossiers.items()
        if dossier.taken is not None
    }


def _answer(work: _Work, folder: _Folder | None, one: Asked) -> Followed | ProblemRaised:
    if folder is None:
        return problems.dossier_unknown()
    round_ = folder.dossier.round_of(one.fingerprint)
    if round_ is not None:
        return Followed(supplement_receipt(folder.dossier, folder.taken, round_), False, round_)
    if isinstance(one.read, tuple):
        return problems.follow_up_not_acceptable(one.read)
    if isinstance(one.read, Withdrawal):
        return _withdraw(work, folder, one, one.read)
    return _supplement(work, folder, one, one.read)


def _withdraw(
    work: _Work, folder: _Folder, one: Asked, withdrawal: Withdrawal
) -> Followed | ProblemRaised:
    fresh = folder.dossier.withdrawal_received_at is None
    name = f"withdrawal:{one.party.portal}:{one.reference}"
    cause = Cause(name, sha256(f"{name}:{withdrawal.requested_at.isoformat()}".encode()))
    refusal = _decide(work, folder, Item(one.dossier_id, Withdraw(withdrawal), cause))
    if refusal is not None:
        return refusal
    at = folder.dossier.withdrawal_received_at
    receipt = receipt_of(folder.dossier, folder.taken, "withdrawal", at)
    return Followed(receipt, fresh, folder.dossier.round)


def _supplement(
    work: _Work, folder: _Folder, one: Asked, supplement: Supplement
) -> Followed | ProblemRaised:
    if folder.dossier.erased is not None:
        return problems.data_erased()
    if folder.kept is None:
        return problems.data_not_kept()
    desk, before, following = work.desk, folder.kept.submission, folder.dossier.round + 1
    last = folder.dossier.added[-1] if folder.dossier.added else None
    # Of a round that was made from the log nobody knows the fingerprint.
    if last is not None and last.fingerprint is None and is_in(before, supplement):
        receipt = supplement_receipt(folder.dossier, folder.taken, folder.dossier.round)
        return Followed(receipt, False, folder.dossier.round)
    found = problems_after(before, supplement, one.party, desk.reference)
    if found:
        return problems.follow_up_not_acceptable(found)
    after = with_supplement(before, supplement)
    # After data whose event was lost with the database, the next ones need a number of their own.
    version = max(folder.dossier.round, folder.kept.version) + 1
    particulars, row = seal_particulars(desk.keys, one.dossier_id, after, version)
    name = f"supplement:{one.party.portal}:{one.reference}"
    cause = Cause(name, sha256(f"{name}:{following}:{particulars.sha256}".encode()))
    command = Resubmit(supplement, one.fingerprint, particulars)
    refusal = _decide(work, folder, Item(one.dossier_id, command, cause))
    if refusal is not None:
        return refusal
    work.rows.append(row)
    folder.kept, folder.changed = Kept(version, after), True
    receipt = supplement_receipt(folder.dossier, folder.taken, following)
    return Followed(receipt, True, following)


def _decide(work: _Work, folder: _Folder, item: Item) -> ProblemRaised | None:
    """Let the rule decide; note the item to be applied, or return the refusal in words."""
    part = work.desk.part
    decision = part.decide(item.message, folder.dossier, part.context(work.now))
    if isinstance(decision, Refused):
        return _REFUSALS[decision.reason]()
    if decision.events:
        work.items.append(item)
    folder.dossier = decision.state
    return None


def supplement_receipt(dossier: Dossier, taken: Taken, round_: int) -> Receipt:
    """Return the receipt of the supplement that made a round (2 and on)."""
    assert round_ > FIRST_ROUND
    return receipt_of(dossier, taken, "supplement", dossier.added_in(round_).received_at)
