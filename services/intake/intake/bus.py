"""The Kafka road: what portals send on the bus, and the answer each gets."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from contracts.portal import Problem, Receipt, Submission
from intake import problems
from intake.domain import Dossier
from intake.follow_ups import read_event
from intake.following import Asked, Followed, follow_up
from intake.letters import Letter, open_record, reply, waves
from intake.reading import check_event, fingerprint_of
from intake.signatures import Signatures
from intake.taking import Desk, Handed, receipt_of, take
from intake.telling import tell_followed, tell_refused, tell_taken
from plumbing import carrying
from plumbing.database import Conn
from plumbing.deadletters import Dead, bury
from plumbing.inlets import Settled
from plumbing.outbox import add
from plumbing.sequencing import Record
from plumbing.serving import ProblemRaised


@dataclass(frozen=True)
class Repeated:
    """A submission whose dossier was taken before."""

    dossier_id: UUID
    fingerprint: str


@dataclass(frozen=True)
class Verdict:
    """The answer to a letter, and whether it changed anything."""

    letter: Letter
    answer: Receipt | Problem
    fresh: bool


@dataclass(frozen=True)
class SubmissionInlet:
    """Answers each record of `portal.submissions.v1` with a receipt or a refusal."""

    desk: Desk
    signatures: Signatures

    async def __call__(self, conn: Conn, records: Sequence[Record], now: datetime) -> Settled:
        """Settle the records in bulk; what no portal signed goes to the dead letters."""
        opened = [open_record(record, self.signatures) for record in records]
        dead = [one for one in opened if isinstance(one, Dead)]
        letters = [one for one in opened if isinstance(one, Letter)]
        verdicts: dict[int, Verdict] = {}
        for number, wave in enumerate(waves(letters)):
            settle = self._follow if number % 2 else self._take
            with carrying.came_with({one.dossier_id: one.record.headers for one in wave}):
                for verdict in await settle(conn, wave, now) if wave else ():
                    verdicts[id(verdict.letter)] = verdict
        # In the order of the records, whatever the waves were.
        answered = [verdicts[id(letter)] for letter in letters]
        await add(conn, [reply(one.letter, one.answer, now) for one in answered])
        await bury(conn, self.desk.keys, dead)
        fresh = sum(one.fresh for one in answered)
        return Settled(fresh, len(letters) - fresh, 0, len(dead))

    async def _take(
        self, conn: Conn, letters: Sequence[Letter], now: datetime
    ) -> Iterator[Verdict]:
        ids = [i for letter in letters if (i := letter.dossier_id) is not None]
        known = await self.desk.part.store.load(conn, ids)
        checked = [self._check(letter, known, now) for letter in letters]
        handed = [one for one in checked if isinstance(one, Handed)]
        took = await take(conn, self.desk, handed, now)
        return _verdicts(letters, checked, known | took.dossiers, set(took.fresh))

    def _check(
        self, letter: Letter, known: dict[UUID, Dossier], now: datetime
    ) -> Handed | Repeated | Problem:
        if letter.broken:
            return problems.broken_json(letter.broken).problem
        # What was taken is answered for ever, also when the rules of the day have changed.
        if letter.dossier_id in known:
            return Repeated(letter.dossier_id, fingerprint_of(letter.document))
        found = check_event(letter.event, letter.reference, letter.party, now, self.desk.reference)
        if isinstance(found, Submission):
            return Handed(letter.party, found, fingerprint_of(letter.document))
        return problems.not_acceptable(found).problem

    async def _follow(
        self, conn: Conn, letters: Sequence[Letter], now: datetime
    ) -> Iterator[Verdict]:
        asked = [_asked(letter, now) for letter in letters]
        answers = await follow_up(conn, self.desk, asked, now)
        return _followed(letters, asked, answers)


def _asked(letter: Letter, now: datetime) -> Asked:
    read = read_event(letter.event, letter.reference, letter.party, now)
    fingerprint = fingerprint_of(letter.document)
    return Asked(letter.party, letter.reference, letter.about, read, fingerprint)


# The commit is still to come when these tell the log: after a rollback the same is said again.


def _verdicts(
    letters: Sequence[Letter],
    checked: Sequence[Handed | Repeated | Problem],
    dossiers: dict[UUID, Dossier],
    untold: set[UUID],
) -> Iterator[Verdict]:
    for letter, one in zip(letters, checked, strict=True):
        answer = one if isinstance(one, Problem) else _receipt(dossiers[one.dossier_id], one)
        fresh = isinstance(one, Handed) and one.dossier_id in untold
        if fresh and isinstance(one, Handed):
            untold.discard(one.dossier_id)
            tell_taken(one)
        if isinstance(answer, Problem):
            tell_refused(letter.party, answer)
        yield Verdict(letter, answer, fresh)


def _receipt(dossier: Dossier, one: Handed | Repeated) -> Receipt | Problem:
    if dossier.taken is None or dossier.taken.fingerprint != one.fingerprint:
        return problems.other_content().problem
    return receipt_of(dossier, dossier.taken)


def _followed(
    letters: Sequence[Letter], asked: Sequence[Asked], answers: Sequence[Followed | ProblemRaised]
) -> Iterator[Verdict]:
    for letter, one, answer in zip(letters, asked, answers, strict=True):
        if isinstance(answer, Followed):
            if answer.fresh:
                tell_followed(one)
            yield Verdict(letter, answer.receipt, answer.fresh)
        else:
            tell_refused(letter.party, answer.problem)
            yield Verdict(letter, answer.problem, False)
