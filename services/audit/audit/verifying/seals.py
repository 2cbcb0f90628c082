"""A place's checkpoints, met one after another as the tree over its records grows."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from heapq import merge
from itertools import islice

from audit.checkpoints import NONE_BEFORE, Checkpoint, Ledger, parse_checkpoint, place_origin
from audit.findings import Verdict
from audit.keys import Keys
from audit.merkle import Frontier
from audit.notes import BAD_SIGNATURE, MALFORMED, BadNote, Verifier, digest_of, open_note
from audit.verifying.collecting import Findings, Place
from audit.verifying.rows import Numbers

_WORDS = {
    "note_malformed": (Verdict.UNREADABLE, "no signed checkpoint"),
    "unknown_signer": (Verdict.FORGED, "signed by no key that is trusted and valid then"),
    "bad_signature": (Verdict.FORGED, "the signature does not hold"),
    "checkpoint_of_another_log": (Verdict.FORGED, "a checkpoint of another log"),
    "checkpoint_missing": (Verdict.INCOMPLETE, "does not follow the checkpoint before it"),
    "checkpoints_fork": (Verdict.DIVERGED, "contradicts the checkpoint before it"),
}
#: How far the broker's clock may be ahead of that of the machine that signs.
_AHEAD_MS = 24 * 60 * 60 * 1000


class Trust:
    """Which keys may sign: those of the archive that follow from what the auditor trusts."""

    def __init__(self, keys: Sequence[Keys]) -> None:
        self._keys = keys
        known = {one for some in keys for one in some.all_verifiers()}
        self.known = sorted(known, key=lambda one: one.text)

    def open(self, note: str) -> tuple[str, tuple[Verifier, ...]]:
        """Return a note's text and who signed it; raises BadNote."""
        opened = open_note(note, self.known)
        return opened.text, opened.verifiers

    def at(self, time: datetime) -> set[Verifier]:
        """Return the keys that may sign then."""
        return {one for keys in self._keys for one in keys.verifiers_at(time)}


@dataclass(frozen=True)
class Break:
    """A checkpoint whose root does not come out; `first` to `last` are the offsets to look at."""

    checkpoint: Checkpoint
    after: int
    first: int
    last: int


class Seals:
    """The signed checkpoints of a place against the records, added in order by `grow`.

    `lines` of the archive's file are looked at; `outside` are more, smallest first. `sealed` is
    the size of the largest checkpoint that fits, `sealed_offset` that of its last record.
    """

    def __init__(
        self,
        ledger: Ledger,
        place: Place,
        lines: int,
        trust: Trust,
        found: Findings,
        outside: Sequence[Checkpoint] = (),
    ) -> None:
        self.place, self._trust, self._found = place, trust, found
        self._file = ledger.file(*place)
        self._origin = place_origin(ledger.origin(), *place)
        self._bad: tuple[str, int, int] | None = None
        own = self._read(islice(ledger.notes(*place), lines))
        self._coming = merge(outside, own, key=lambda one: one.size)
        self._next = next(self._coming, None)
        self.frontier = Frontier()
        self.met = self.sealed = 0
        self.sealed_offset = self._last = -1
        self.first_break: Break | None = None
        #: The broker's time of the last record that is sealed, and of the first that is not.
        self.sealed_ms = self._last_ms = -1
        self.unsealed_ms: int | None = None
        #: The greatest of the broker's times since the checkpoint before, and whose it is.
        self._ahead_ms = self._ahead = -1
        self._limit_ms: int | None = None

    def grow(self, leaves: list[bytes], offsets: Numbers, times_ms: Numbers) -> None:
        """Add records; compare the root wherever a checkpoint stands."""
        at = 0
        self._compare()
        while self._next is not None and self._next.size <= self.frontier.size + len(leaves) - at:
            upto = at + self._next.size - self.frontier.size
            self._extend(leaves[at:upto], offsets[at:upto], times_ms[at:upto])
            at = upto
            self._compare()
        self._extend(leaves[at:] if at else leaves, offsets[at:], times_ms[at:])
        if at == len(leaves):
            self.unsealed_ms = None
        elif at or self.unsealed_ms is None:
            self.unsealed_ms = int(times_ms[at])

    def believed(self, clock_ms: int) -> int:
        """Return the time of the last record, no later than its checkpoint if it was ahead."""
        return clock_ms if self._limit_ms is None else min(clock_ms, self._limit_ms)

    def rest(self) -> Checkpoint | None:
        """Return the largest checkpoint that knows more records than came, if any."""
        self._compare()
        last = self._next
        for one in self._coming:
            last = one
        self._note(None, 0)
        return last

    def _extend(self, leaves: list[bytes], offsets: Numbers, times_ms: Numbers) -> None:
        if len(leaves):
            self.frontier.extend(leaves)
            self._last, self._last_ms = int(offsets[-1]), int(times_ms[-1])
            at = int(times_ms.argmax())
            if times_ms[at] > self._ahead_ms:
                self._ahead, self._ahead_ms = int(offsets[at]), int(times_ms[at])

    def _compare(self) -> None:
        while self._next is not None and self._next.size <= self.frontier.size:
            self.met += 1
            if self.frontier.root() == self._next.root:
                self._fits(self._next)
            elif self.first_break is None:
                first = self.sealed_offset + 1
                self.first_break = Break(self._next, self.sealed, first, self._last)
            self._next = next(self._coming, None)

    def _fits(self, one: Checkpoint) -> None:
        if self.first_break is not None:
            text = f"the checkpoint of {self.first_break.checkpoint.size} records fits no log"
            text += f" of which that of {one.size} is one: two logs were signed"
            self._add(Verdict.DIVERGED, "checkpoints_fork", text)
            self.first_break = None
        self.sealed, self.sealed_offset, self.sealed_ms = one.size, self._last, self._last_ms
        signed_ms, self._limit_ms = int(one.time.timestamp() * 1000), None
        if self._ahead_ms > signed_ms + _AHEAD_MS:
            text = "the broker's time is more than a day after the record was signed"
            topic, partition = self.place
            where = {"topic": topic, "partition": partition, "offset": self._ahead}
            self._found.add(Verdict.CLOCK_WENT_BACK, "clock_ahead", text, **where)
            # Such a time tells nothing of when it was.
            self.sealed_ms, self._limit_ms = min(self.sealed_ms, signed_ms), signed_ms
        self._ahead_ms = -1

    def _read(self, notes: Iterator[tuple[int, str]]) -> Iterator[Checkpoint]:
        """Yield the checkpoints that count, growing; tell of the others."""
        before: Checkpoint | None = None
        wanted: str | None = NONE_BEFORE
        for line, note in notes:
            try:
                text, one = self._opened(note)
            except _Refused as refused:
                self._note(refused.kind, line)
                wanted = None
                continue
            kind = None
            if before is not None and _contradict(before, one):
                kind = "checkpoints_fork"
            elif wanted is not None and one.previous != wanted:
                kind = "checkpoint_missing"
            self._note(kind, line)
            wanted = digest_of(text)
            if kind != "checkpoints_fork":
                before = one
                yield one
        self._note(None, 0)

    def _opened(self, note: str) -> tuple[str, Checkpoint]:
        try:
            text, by = self._trust.open(note)
            one = parse_checkpoint(text)
        except BadNote as bad:
            raise _Refused(_kind_of(bad)) from None
        if one.origin != self._origin:
            raise _Refused("checkpoint_of_another_log")
        if not self._trust.at(one.time).intersection(by):
            raise _Refused("unknown_signer")
        return text, one

    def _note(self, kind: str | None, line: int) -> None:
        """Gather lines in a row with the same trouble into one finding."""
        if self._bad and self._bad[0] != kind:
            kept, first, last = self._bad
            lines = f"line {first}" if first == last else f"lines {first} to {last}"
            verdict, words = _WORDS[kept]
            self._add(verdict, kept, f"{lines}: {words}")
            self._bad = None
        if kind:
            self._bad = kind, self._bad[1] if self._bad else line, line

    def _add(self, verdict: Verdict, kind: str, text: str) -> None:
        topic, partition = self.place
        self._found.add(verdict, kind, text, topic=topic, partition=partition, file=self._file)


class _Refused(Exception):
    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


def _kind_of(bad: BadNote) -> str:
    if bad.reason == MALFORMED:
        return "note_malformed"
    return "bad_signature" if bad.reason == BAD_SIGNATURE else "unknown_signer"


def _contradict(before: Checkpoint, after: Checkpoint) -> bool:
    shrinks = after.size < before.size
    return shrinks or (after.size == before.size and after.root != before.root)


def trust_of(keys: Keys, given: Sequence[Verifier]) -> Trust:
    """Return whom to trust: the keys given and what follows from them, else the archive's own."""
    return Trust([keys.trusting(one) for one in given] or [keys.trusting()])
