"""A topic-partition checked whole: its records, their chains, and its checkpoints."""

from dataclasses import dataclass
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from audit.archive import Segment
from audit.findings import Verdict
from audit.verifying.causes import Causes
from audit.verifying.chains import LINK, Trouble, copies_of, sorted_links, troubles_of
from audit.verifying.collecting import Findings, Place
from audit.verifying.dossiers import Dossiers
from audit.verifying.events import Events
from audit.verifying.places import Walk
from audit.verifying.rows import rows_of
from audit.verifying.seals import Break, Seals
from audit.verifying.spilling import Spill
from contracts.topics import LIFECYCLE, WRITER_OF

_LIFECYCLE = {topic.name for topic in LIFECYCLE.values()}


@dataclass(frozen=True)
class PlaceResult:
    """What was read of a place; `sealed` records are those a checkpoint that fits stands over."""

    place: Place
    records: int
    events: int
    copies: int
    sealed: int
    checkpoints: int
    first_break: Break | None
    newest_ms: int
    sealed_ms: int
    unsealed_ms: int | None
    incomplete: bool
    root: bytes


@dataclass
class PlaceCheck:
    """The check of one place; its findings go to `found`."""

    root: Path
    place: Place
    segments: list[Segment]
    seals: Seals
    found: Findings
    strict: bool = False
    since: date | None = None
    dossiers: Dossiers | None = None
    causes: Causes | None = None
    copies: int = 0

    def run(self) -> PlaceResult:
        """Read the place once; then check what was set aside."""
        walk = Walk(self.root, self.place, self.segments, self.found)
        events = Events(self.place, self.found, strict=self.strict)
        expected = sum(one.last - one.first + 1 for one in self.segments)
        with TemporaryDirectory(prefix="hotich-verify-") as folder:
            links = Spill(Path(folder), "links", LINK, expected)
            self._read(walk, events, links)
            if self.dossiers is not None and not walk.damaged:
                self.dossiers.reached(self.place, self.seals.believed(walk.clock_ms))
            self._chains(links, walk.damaged)
        self._ends(walk)
        seals = self.seals
        return PlaceResult(
            self.place,
            walk.records,
            events.count,
            self.copies,
            seals.sealed,
            seals.met,
            seals.first_break,
            seals.believed(walk.clock_ms),
            seals.sealed_ms,
            seals.unsealed_ms,
            bool(walk.damaged or walk.holes) or seals.first_break is not None,
            seals.frontier.root(),
        )

    def _read(self, walk: Walk, events: Events, links: Spill) -> None:
        for batch, whole in walk.batches(self.since):
            rows = rows_of(batch)
            sealed = self.seals.sealed
            self.seals.grow(rows.leaves, rows.offsets, rows.times_ms)
            if self.seals.sealed > sealed:
                walk.attested(self.seals.sealed_offset)
            if whole:
                found = events.links(batch, rows)
                links.add(found, found["low"].astype(np.uint64))
                if self.causes is not None and self.place.topic in _LIFECYCLE:
                    self.causes.add(self.place, rows)

    def _chains(self, links: Spill, damaged: list[Segment]) -> None:
        for group in links.groups():
            firsts, copies, conflicts = copies_of(sorted_links(group))
            self.copies += copies
            for trouble in (*conflicts, *troubles_of(firsts, from_start=self.since is None)):
                # An unreadable file is told of by itself, not by every event that is in it.
                if trouble.kind != "event_missing" or not _lies_in(damaged, trouble):
                    self._tell(trouble)
            if self.dossiers is not None and self.place.topic in _LIFECYCLE:
                self.dossiers.saw(self.place, firsts)

    def _tell(self, trouble: Trouble) -> None:
        at = trouble.offset
        texts = {
            "event_missing": _missing(trouble),
            "conflict": f"other bytes than offset {trouble.before}, under the same number",
            "swapped": f"event {trouble.sequence} stands before event {trouble.sequence - 1}",
            "chain_broken": f"event {trouble.sequence} names another hash than "
            + ("that of nothing" if trouble.before is None else f"offset {trouble.before} has"),
        }
        kind: str = trouble.kind
        verdict = Verdict.INCOMPLETE if kind == "event_missing" else Verdict.ALTERED
        text = texts[kind]
        if kind == "chain_broken" and (blamed := self._blamed(trouble)) is not None:
            kind, text = "bytes_changed", "its bytes are not those its neighbours in the chain name"
            at = blamed
        self._add(verdict, kind, text, at, trouble)

    def _blamed(self, trouble: Trouble) -> int | None:
        """Return which of two neighbours was changed, when the tree or the chain tells."""
        before, at = trouble.before, trouble.offset
        if before is None:
            return at if self._suspect(at) else None
        if self._suspect(before) and (trouble.known or not self._suspect(at)):
            return before
        if self._suspect(at) and not self._suspect(before):
            return at
        return None

    def _suspect(self, offset: int) -> bool:
        """Return whether no checkpoint that fits stands over a record, though one should."""
        broken = self.seals.first_break
        return broken is not None and offset >= broken.first

    def _ends(self, walk: Walk) -> None:
        """Tell what the checkpoints have to say of the records."""
        coming = self.seals.rest()
        incomplete = bool(walk.holes or walk.damaged)
        if self.dossiers is not None and not walk.damaged:
            holes = sum(hole.last - hole.first + 1 for hole in walk.holes)
            known = coming.size - walk.records if coming is not None else 0
            self.dossiers.lacks(self.place, max(holes, known))
        walk.tell_holes()
        if coming is not None and coming.offset > walk.expected:
            text = f"a checkpoint of {coming.time:%Y-%m-%dT%H:%M:%SZ} knows {coming.size} records"
            self._add(
                Verdict.INCOMPLETE,
                "tail_missing",
                f"{text}, here end {walk.records}",
                walk.expected,
            )
        elif coming is not None and not incomplete:
            text = f"a checkpoint knows {coming.size} records, here are {walk.records}"
            self._add(Verdict.INCOMPLETE, "record_missing", text, self.seals.sealed_offset + 1)
        broken = self.seals.first_break
        if broken is None or any(hole.first <= broken.last for hole in walk.holes):
            return
        if walk.damaged:
            return
        near = [at for at in self.found.offsets(self.place) if broken.first <= at <= broken.last]
        text = (
            f"the first {broken.after} records are as they were signed, the first "
            f"{broken.checkpoint.size} are not: what changed is among offsets "
            f"{broken.first} to {broken.last}"
        )
        if not near:
            text += "; the records themselves do not tell which"
        self._add(Verdict.ALTERED, "root_differs", text, near[0] if near else broken.first)

    def _add(
        self, verdict: Verdict, kind: str, text: str, at: int, trouble: Trouble | None = None
    ) -> None:
        topic, partition = self.place
        dossier = trouble.dossier_id if trouble and topic in WRITER_OF else None
        where = {"topic": topic, "partition": partition, "offset": at, "dossier_id": dossier}
        self.found.add(verdict, kind, text, **where)


def _lies_in(damaged: list[Segment], trouble: Trouble) -> bool:
    before = -1 if trouble.before is None else trouble.before
    return any(one.first < trouble.offset and before < one.last for one in damaged)


def _missing(trouble: Trouble) -> str:
    last = trouble.sequence - 1
    if trouble.expected >= last:
        return f"event {last} of the dossier is not there; here stands event {trouble.sequence}"
    return f"events {trouble.expected} to {last} are not there; here is {trouble.sequence}"
