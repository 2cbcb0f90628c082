"""The whole check of an archive: checkpoints first, then the files, place by place."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

from audit.archive import NotAnArchive, Segment, Unreadable, listing, origin_of
from audit.checkpoints import Ledger
from audit.findings import Verdict
from audit.freed import keep_freed
from audit.keys import FILE as KEYS
from audit.keys import Keys
from audit.verifying.against import compare_archives
from audit.verifying.beside import look_at_cosignatures, look_at_parts, look_at_stamps
from audit.verifying.causes import Causes
from audit.verifying.checking import PlaceCheck, PlaceResult
from audit.verifying.collecting import Findings, Place
from audit.verifying.dossiers import Dossiers
from audit.verifying.outside import Outside
from audit.verifying.results import Asked, Report
from audit.verifying.seals import Seals, Trust, trust_of
from audit.verifying.suspects import blame
from contracts.topics import ARCHIVED

#: A record that is so much older than a sealed one elsewhere has had its checkpoint.
_SEALED_BY = timedelta(days=1)
_PARTITIONS = {topic.name: topic.partitions for topic in ARCHIVED}


def verify(root: Path, asked: Asked, tell: Callable[[str], None] = lambda _: None) -> Report:
    """Return what is wrong with an archive; `tell` hears of the progress.

    Raises NotAnArchive, also for what it is to be compared with.
    """
    keep_freed()
    return _Verification(root, asked, tell).run()


class _Verification:
    def __init__(self, root: Path, asked: Asked, tell: Callable[[str], None]) -> None:
        self.root, self.asked, self.tell = root, asked, tell
        self.found, self.ledger, self.origin = Findings(), Ledger(root), origin_of(root)
        self.has_keys = False

    def run(self) -> Report:
        trust = self._trust()
        outside = self._outside(trust or Trust([Keys(self.origin)]))
        # A checkpoint that comes while the archive is read may know records the listing does not.
        lines = {place: self._lines(place, trust) for place in self._sealed_places()}
        segments = self._segments()
        places = sorted(set(segments) | set(lines) | (outside.places() if outside else set()))
        places = [place for place in places if self._is_asked(place)]
        total = sum(one.last - one.first + 1 for some in segments.values() for one in some)
        whole = not self.asked.topics and self.asked.since is None
        with TemporaryDirectory(prefix="hotich-verify-") as folder:
            dossiers = Dossiers(Path(folder), total) if whole else None
            causes = Causes(Path(folder), total) if self.asked.causes else None
            results = []
            for place in places:
                self.tell(f"{place}: {len(segments.get(place, []))} files")
                others = outside.of(place) if outside else []
                seals = Seals(
                    self.ledger,
                    place,
                    lines.get(place, 0),
                    trust or Trust([]),
                    self.found,
                    others,
                )
                check = PlaceCheck(
                    self.root,
                    place,
                    segments.get(place, []),
                    seals,
                    self.found,
                    self.asked.strict,
                    self.asked.since,
                    dossiers,
                    causes,
                )
                results.append(check.run())
            count = dossiers.check(self.found) if dossiers else None
            named = causes.check(self.found) if causes else None
        broken = {one.place: one.first_break for one in results if one.first_break}
        blame(self.root, segments, broken, self.found)
        self._unsealed(results)
        sealed = filter(self._is_asked, lines)
        cosigned = look_at_cosignatures(self.ledger, sealed, self.asked.witnesses, self.found)
        unchecked = look_at_stamps(self.root, self.asked.authority, self.found)
        behind = self._against(places)
        return Report(
            self.origin,
            self.found.verdict,
            self.found.sorted(),
            self.found.left_off(),
            results,
            not self.asked.keys,
            count,
            named,
            behind,
            cosigned,
            tuple(trust.known) if trust else (),
            unchecked,
        )

    def _trust(self) -> Trust | None:
        """Return whom to trust; None when the archive's keys cannot be read and none is given."""
        try:
            keys = self.ledger.keys()
        except Unreadable as error:
            self.found.add(Verdict.UNREADABLE, "file_unreadable", error.reason, file=error.file)
            return trust_of(Keys(self.origin), self.asked.keys) if self.asked.keys else None
        self.has_keys = bool(keys.keys)
        if not keys.keys and not self.asked.keys:
            if self.ledger.places():
                text = "there are checkpoints, and no keys to check them with"
                self.found.add(Verdict.INCOMPLETE, "file_missing", text, file=KEYS)
            return None
        for finding in keys.check():
            self.found.keep(finding)
        return trust_of(keys, self.asked.keys)

    def _outside(self, trust: Trust) -> Outside | None:
        if self.asked.checkpoints is None:
            return None
        try:
            return Outside(self.asked.checkpoints, self.origin, trust, self.found)
        except Unreadable as error:
            raise NotAnArchive(f"the checkpoints given: {error}") from None

    def _sealed_places(self) -> list[Place]:
        return [place for one in self.ledger.places() if _is_known(place := Place(*one))]

    def _lines(self, place: Place, trust: Trust | None) -> int:
        try:
            count = sum(1 for _ in self.ledger.notes(*place))
        except OSError as error:
            file = self.ledger.file(*place)
            text = f"it cannot be read ({type(error).__name__})"
            self._file(Verdict.UNREADABLE, "file_unreadable", text, file)
            return 0
        return count if trust else 0

    def _segments(self) -> dict[Place, list[Segment]]:
        files = listing(self.root)
        look_at_parts(self.root, files, self.found)
        for name in files.strange:
            self._file(Verdict.UNREADABLE, "file_foreign", "no file of an archive's log", name)
        known = {}
        for key, segments in files.by_place().items():
            place = Place(*key)
            if _is_known(place):
                known[place] = segments
                continue
            for segment in segments:
                text = "it is of no topic that is archived"
                self._file(Verdict.UNREADABLE, "file_foreign", text, segment.file)
        return known

    def _is_asked(self, place: Place) -> bool:
        return not self.asked.topics or place.topic in self.asked.topics

    def _unsealed(self, results: Iterable[PlaceResult]) -> None:
        """Tell of places whose checkpoints are gone: all of them, or the last ones.

        Who brings a key knows that the log is signed, so that even the newest record tells.
        """
        results = list(results)
        newest = max((one.sealed_ms for one in results), default=-1)
        if self.asked.keys:
            newest = max((one.newest_ms for one in results), default=-1)
        margin = _SEALED_BY // timedelta(milliseconds=1)
        # The first round signs every place; where there was a second, each has a checkpoint.
        rounds = max((one.checkpoints for one in results), default=0)
        is_signed = bool(self.asked.keys) or self.has_keys
        for one in results:
            since = one.unsealed_ms
            if since is None or one.incomplete:
                continue
            has_none = not one.checkpoints and (rounds > 1 or (not rounds and is_signed))
            if not has_none and since + margin >= newest:
                continue
            topic, partition = one.place
            text = f"{one.records - one.sealed} records are under no checkpoint"
            text += "; they should be by now" if has_none else "; younger ones are"
            where = {"topic": topic, "partition": partition}
            self.found.add(Verdict.INCOMPLETE, "checkpoint_missing", text, **where)

    def _against(self, places: list[Place]) -> dict[Place, int]:
        if self.asked.against is None:
            return {}
        self.tell("the other archive")
        return compare_archives(self.root, self.asked.against, places, self.found)

    def _file(self, verdict: Verdict, kind: str, text: str, name: str) -> None:
        self.found.add(verdict, kind, text, file=name)


def _is_known(place: Place) -> bool:
    return place.partition < _PARTITIONS.get(place.topic, 0)
