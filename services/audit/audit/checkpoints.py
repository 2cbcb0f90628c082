"""Checkpoints: what the log of a topic-partition was at a moment; and the archive's files of them.

The text of a checkpoint is that of C2SP's tlog-checkpoint: the place, how many records, the root
of the Merkle tree over them; then ours: the offset of the next record, when, and the digest of the
checkpoint before.
"""

import base64
import fcntl
import json
import os
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from audit.archive import NotAnArchive, origin_of
from audit.folders import files_below, keep_names
from audit.keys import Keys, moment, parse_moment
from audit.notes import MALFORMED, MOST_CHARACTERS, BadNote

CHECKPOINTS, COSIGNATURES, TIMESTAMPS = "checkpoints", "cosignatures", "timestamps"
#: What the first checkpoint of a place names as the one before.
NONE_BEFORE = "0" * 64

_LONGEST_LINE = 6 * MOST_CHARACTERS
#: Of a torn line and of the one before it.
_LONGEST_TWO_LINES = 4 * MOST_CHARACTERS
_PLACE = re.compile(r"^([\w.-]+)/p(\d{2,})\.jsonl$")
_NUMBER = re.compile(r"^(0|[1-9][0-9]{0,17})$")
_DIGEST = re.compile(r"^[0-9a-f]{64}$")


def place_origin(origin: str, topic: str, partition: int) -> str:
    """Return the name of a topic-partition's own log, by that of the archive."""
    return f"{origin}/{topic}/{partition}"


@dataclass(frozen=True)
class Checkpoint:
    """`size` records with that root; the next record has at least `offset`; `time` in seconds.

    `origin` is the place's own, `previous` the digest of the text of the checkpoint before.
    """

    origin: str
    size: int
    root: bytes
    offset: int
    time: datetime
    previous: str

    def text(self) -> str:
        """Return it as it is signed."""
        return (
            f"{self.origin}\n{self.size}\n{base64.b64encode(self.root).decode()}\n"
            f"offset {self.offset}\ntime {moment(self.time)}\nprevious {self.previous}\n"
        )


def parse_checkpoint(text: str) -> Checkpoint:
    """Return the checkpoint whose text this is, to the byte; raises BadNote."""
    lines = text.split("\n")
    names = [line.split(" ", 1)[0] for line in lines[3:6]]
    if len(lines) != 7 or names != ["offset", "time", "previous"]:
        raise BadNote(MALFORMED)
    offset, time, previous = (line.partition(" ")[2] for line in lines[3:6])
    if not (_NUMBER.match(lines[1]) and _NUMBER.match(offset) and _DIGEST.match(previous)):
        raise BadNote(MALFORMED)
    try:
        root, at = base64.b64decode(lines[2], validate=True), parse_moment(time)
    except ValueError:
        raise BadNote(MALFORMED) from None
    found = Checkpoint(lines[0], int(lines[1]), root, int(offset), at, previous)
    if len(root) != 32 or not found.origin or found.text() != text:
        raise BadNote(MALFORMED)
    return found


class Ledger:
    """The checkpoints, cosignatures and keys of an archive. Nothing of it is verified here."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def origin(self) -> str:
        """Return the name of the log the archive is of; raises NotAnArchive."""
        return origin_of(self.root)

    def keys(self) -> Keys:
        """Return the keys the archive names; raises NotAnArchive and Unreadable."""
        return Keys.read(self.root, self.origin())

    def places(self) -> list[tuple[str, int]]:
        """Return the topic-partitions that have checkpoints, sorted; raises NotAnArchive."""
        folder = self.root / CHECKPOINTS
        try:
            files = files_below(folder)
        except OSError as error:
            reason = f"{CHECKPOINTS} cannot be looked into ({type(error).__name__})"
            raise NotAnArchive(reason) from None
        names = (_PLACE.match(str(path.relative_to(folder))) for path in files)
        return sorted((name[1], int(name[2])) for name in names if name)

    def file(self, topic: str, partition: int, folder: str = CHECKPOINTS) -> str:
        """Return the path within the archive of a place's checkpoints or cosignatures."""
        return f"{folder}/{topic}/p{partition:02d}.jsonl"

    def notes(self, topic: str, partition: int) -> Iterator[tuple[int, str]]:
        """Yield (line, note), oldest first, lines counted from 1.

        A line that is none of ours comes as it is, which no note can be. A last line that was
        never finished is left out.
        """
        for number, line in _lines(self.root / self.file(topic, partition)):
            note = _field(line, "note")
            yield number, note if isinstance(note, str) else line

    def last(self, topic: str, partition: int) -> str | None:
        """Return the newest note of a place, read from the end of its file."""
        path = self.root / self.file(topic, partition)
        if not path.exists():
            return None
        with path.open("rb") as file:
            file.seek(max(0, path.stat().st_size - _LONGEST_TWO_LINES))
            lines = file.read().split(b"\n")[:-1]
        if not lines:
            return None
        line = lines[-1].decode("utf-8", "replace")
        note = _field(line, "note")
        return note if isinstance(note, str) else line

    def append(self, topic: str, partition: int, note: str) -> None:
        """Add a note to a place; lasting once this returns. A line never finished is cut off."""
        _append(self.root, self.file(topic, partition), {"note": note})

    def cosignatures(self, topic: str, partition: int) -> Iterator[tuple[int, int, str]]:
        """Yield (line, size, signature line) of the witnesses' cosignatures of a place.

        A line that is none of ours comes with the size -1.
        """
        path = self.root / self.file(topic, partition, COSIGNATURES)
        for number, line in _lines(path):
            size, signature = _field(line, "size"), _field(line, "line")
            if isinstance(size, int) and isinstance(signature, str):
                yield number, size, signature
            else:
                yield number, -1, line

    def append_cosignature(self, topic: str, partition: int, size: int, line: str) -> None:
        """Add a witness's cosignature of the checkpoint of that size; lasting as `append`."""
        _append(self.root, self.file(topic, partition, COSIGNATURES), {"size": size, "line": line})


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        with path.open("rb") as file:
            number = 0
            while line := file.readline(_LONGEST_LINE):
                number += 1
                if len(line) == _LONGEST_LINE and not line.endswith(b"\n"):
                    while (rest := file.readline(_LONGEST_LINE)) and not rest.endswith(b"\n"):
                        pass
                    line = line[:100] + rest[-1:]  # nothing of ours
                if line.endswith(b"\n"):
                    yield number, line[:-1].decode("utf-8", "replace")
    except FileNotFoundError:
        return


def _field(line: str, name: str) -> str | int | None:
    try:
        found = json.loads(line)[name]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None
    return found if isinstance(found, str | int) and not isinstance(found, bool) else None


def _append(root: Path, name: str, entry: dict[str, str | int]) -> None:
    path = root / name
    new = not path.exists()
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("ab+", buffering=0) as file:
        # Also the service that waits for the archive takes cosignatures.
        fcntl.flock(file, fcntl.LOCK_EX)
        end = _cut_torn(file.fileno())
        line = json.dumps(entry, ensure_ascii=False).encode() + b"\n"
        try:
            _write_all(file.fileno(), line)
            os.fsync(file.fileno())
        except OSError:
            # Nobody may find a line whose writer was told that it is not there.
            file.truncate(end)
            raise
    if new:
        keep_names(path.parent, root)


def _write_all(handle: int, content: bytes) -> None:
    while content:
        content = content[os.write(handle, content) :]


def _cut_torn(handle: int) -> int:
    """Cut off what stands after the last end of a line; return where the file ends then."""
    size = end = os.fstat(handle).st_size
    while end and os.pread(handle, 1, end - 1) != b"\n":
        end -= 1
    if end != size:
        os.ftruncate(handle, end)
    return end
