"""Rounds of checkpoints: what grew is signed, and every topic-partition once a day."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import structlog

from audit.archive import Unreadable
from audit.checkpoints import NONE_BEFORE, Checkpoint, Ledger, parse_checkpoint, place_origin
from audit.frontiers import Frontiers, Grown, Place
from audit.notes import BadNote, digest_of, sign, split
from audit.signing import SigningKeys
from contracts.model import VIETNAM
from plumbing.logs import describe

log = structlog.get_logger()


@dataclass(frozen=True)
class Made:
    """A signed checkpoint of a place, lasting in the archive."""

    place: Place
    note: str

    @property
    def digest(self) -> str:
        """Return the digest of its text."""
        return digest_of(split(self.note)[0])


class Rounds:
    """Signs checkpoints of the places and adds them to the archive; for one thread.

    `clock` returns an aware moment. A place that has not the records that were signed before is
    left out until it has.
    """

    def __init__(
        self,
        root: Path,
        origin: str,
        keys: SigningKeys,
        frontiers: Frontiers,
        clock: Callable[[], datetime],
    ) -> None:
        self._origin, self._keys, self._frontiers = origin, keys, frontiers
        self._ledger, self._clock = Ledger(root), clock
        self._newest: dict[Place, Checkpoint | None] = {}
        self._made: list[Made] = []
        self._is_late = False
        #: Something was to be signed the last time, and no key signs now.
        self.lacks_key = False

    def open(self, places: Iterable[Place]) -> None:
        """Begin with the newest checkpoint of each place, and let the trees be as far.

        A place whose newest cannot be read is left out: what follows could contradict it.
        """
        self._newest = {}
        for place in places:
            try:
                self._newest[place] = _newest(self._ledger, place)
            except BadNote:
                log.error("checkpoint_unreadable", topic=place[0], partition=place[1])
        self._frontiers.open(self._newest.items())

    def go_on_from(self, place: Place, newest: Checkpoint | None) -> None:
        """Go on from a checkpoint that came back to the archive; a place with None is left out."""
        if newest is None:
            self._newest.pop(place, None)
        elif place in self._newest:
            self._newest[place] = newest
            try:
                self._frontiers.expect(place, newest)
            except Unreadable as error:
                self._newest.pop(place)
                log.error(
                    "tree_not_read", topic=place[0], partition=place[1], error=describe(error)
                )

    def round(self) -> list[Made]:
        """Sign what is to be signed now; raises OSError, and then it is signed the next time."""
        now = self._clock().astimezone(UTC).replace(microsecond=0)
        grown = {place: self._frontiers.at(place) for place in self._newest}
        known = {place: one for place, one in grown.items() if one is not None}
        self._look_at_clock(now)
        self.lacks_key = False
        for place in sorted(known):
            self._sign(place, known[place], now)
        if self._made:
            self._frontiers.save(known)
            log.info("checkpoints_signed", count=len(self._made))
        # What was signed before something failed is told with what is signed afterwards.
        made, self._made = self._made, []
        return made

    def _look_at_clock(self, now: datetime) -> None:
        late = any(one is not None and now < one.time for one in self._newest.values())
        if late and not self._is_late:
            log.error("clock_went_back")
        self._is_late = late

    def _sign(self, place: Place, grown: Grown, now: datetime) -> None:
        before = self._newest[place]
        time = now if before is None else max(now, before.time)
        if before is not None and grown.size <= before.size and _day(time) == _day(before.time):
            return
        signers = self._keys.signers_at(time)
        if not signers:
            self.lacks_key = True
            log.error("no_key_signs_now", topic=place[0], partition=place[1])
            return
        made = Checkpoint(
            origin=place_origin(self._origin, *place),
            size=grown.size,
            root=grown.root,
            offset=grown.offset,
            time=time,
            previous=NONE_BEFORE if before is None else digest_of(before.text()),
        )
        note = sign(made.text(), signers)
        self._ledger.append(*place, note)
        self._newest[place] = made
        self._made.append(Made(place, note))


def _newest(ledger: Ledger, place: Place) -> Checkpoint | None:
    newest = ledger.last(*place)
    return None if newest is None else parse_checkpoint(split(newest)[0])


def _day(at: datetime) -> object:
    return at.astimezone(VIETNAM).date()
