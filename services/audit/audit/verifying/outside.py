"""Checkpoints that somebody else kept, against the records of the archive."""

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path

from audit.archive import NotAnArchive, Unreadable
from audit.checkpoints import Checkpoint, parse_checkpoint
from audit.findings import Verdict
from audit.notes import BadNote
from audit.verifying.collecting import Findings, Place
from audit.verifying.seals import Trust


class Outside:
    """The checkpoints of a file or a folder of files: whole notes, or lines as an archive has."""

    def __init__(self, path: Path, origin: str, trust: Trust, found: Findings) -> None:
        self._by_place: dict[Place, list[Checkpoint]] = defaultdict(list)
        if not path.exists():
            raise NotAnArchive(f"there is nothing at {path.name}")
        files = sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]
        for file in files:
            for number, note in _notes(file, found):
                self._take(file.name, number, note, origin, trust, found)

    def of(self, place: Place) -> list[Checkpoint]:
        """Return those of a place, smallest first."""
        return sorted(self._by_place.get(place, ()), key=lambda one: (one.size, one.root))

    def places(self) -> set[Place]:
        """Return the places they are of."""
        return set(self._by_place)

    def _take(
        self, name: str, number: int, note: str, origin: str, trust: Trust, found: Findings
    ) -> None:
        where = f"line {number} of {name}"
        try:
            text, _ = trust.open(note)
            one = parse_checkpoint(text)
        except BadNote as bad:
            malformed = bad.reason == "malformed"
            kind = "note_malformed" if malformed else bad.reason
            verdict = Verdict.UNREADABLE if malformed else Verdict.FORGED
            found.add(verdict, kind, f"{where} is no checkpoint to rely on", file=name)
            return
        place = _place_of(one.origin, origin)
        if place is None:
            text = f"{where} is a checkpoint of another log"
            found.add(Verdict.FORGED, "checkpoint_of_another_log", text, file=name)
            return
        self._by_place[place].append(one)


def _place_of(name: str, origin: str) -> Place | None:
    topic, _, partition = name.removeprefix(f"{origin}/").rpartition("/")
    if not name.startswith(f"{origin}/") or not partition.isdecimal() or not partition.isascii():
        return None
    return Place(topic, int(partition[:9]))


def _notes(file: Path, found: Findings) -> Iterator[tuple[int, str]]:
    try:
        content = file.read_bytes().decode("utf-8", "replace")
    except OSError as error:
        raise Unreadable(file.name, f"it cannot be read ({type(error).__name__})") from None
    if not content.lstrip().startswith("{"):
        yield 1, content
        return
    for number, line in enumerate(content.splitlines(), 1):
        try:
            note = json.loads(line)["note"]
        except (ValueError, KeyError, TypeError, RecursionError):
            note = None
        if line.strip():
            yield number, note if isinstance(note, str) else line
