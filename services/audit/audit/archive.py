"""The archive as a folder: which files there are, what is in them, and how one is added.

    archive.json                                         what log this is
    log/topic=<topic>/day=<day>/p<NN>-<first>-<last>.parquet    records, exact bytes and places
    checkpoints/<topic>/p<NN>.jsonl                      signed checkpoints, oldest first
    keys.json                                            the keys they are signed with

A file of records holds one topic-partition's records of one day, in the order of their offsets;
its name tells the first and the last. A file whose range lies within another's is what is left of
a merge, and does not count.
"""

import contextlib
import json
import os
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from audit.folders import files_below, keep_names
from contracts.model import VIETNAM

FORMAT = 1
LOG, ABOUT = "log", "archive.json"
#: How a file that is still being written ends.
PARTIAL = ".partial"
ROWS_PER_GROUP = 16_384

SCHEMA = pa.schema(
    [
        pa.field("partition", pa.int32(), nullable=False),
        pa.field("offset", pa.int64(), nullable=False),
        pa.field("timestamp", pa.timestamp("ms", tz="UTC"), nullable=False),
        pa.field("key", pa.binary()),
        pa.field("headers", pa.list_(pa.struct([("name", pa.string()), ("value", pa.binary())]))),
        pa.field("value", pa.binary()),
        # What follows is in `value` too, for those who ask; null when it is no event of ours.
        pa.field("event_id", pa.string()),
        pa.field("type", pa.string()),
        pa.field("dossier_id", pa.string()),
        pa.field("code", pa.string()),
        pa.field("sequence", pa.int32()),
        pa.field("time", pa.timestamp("us", tz="UTC")),
    ]
)
EXACT = tuple(SCHEMA.names[:6])

_NAME = re.compile(r"^p(\d{2,})-(\d{12,})-(\d{12,})\.parquet$")
_FOLDER = re.compile(r"^topic=([\w.-]+)/day=(\d{4}-\d{2}-\d{2})$")


class NotAnArchive(Exception):
    """The folder is none of ours, or of a later format; the message says why."""


class Unreadable(Exception):
    """A file of the archive cannot be read as what its name says; `file` is its path within."""

    def __init__(self, file: str, reason: str) -> None:
        super().__init__(f"{file}: {reason}")
        self.file, self.reason = file, reason


@dataclass(frozen=True, order=True)
class Segment:
    """A file of records: offsets `first` to `last`, both inclusive, of one topic-partition."""

    topic: str
    partition: int
    first: int
    last: int
    day: date

    @property
    def file(self) -> str:
        """Return its path within the archive."""
        name = f"p{self.partition:02d}-{self.first:012d}-{self.last:012d}.parquet"
        return f"{LOG}/topic={self.topic}/day={self.day.isoformat()}/{name}"


@dataclass(frozen=True)
class Listing:
    """The files of the log: those that count, in order, what a merge left, and strange ones."""

    segments: tuple[Segment, ...]
    superseded: tuple[Segment, ...]
    strange: tuple[str, ...]

    def by_place(self) -> dict[tuple[str, int], list[Segment]]:
        """Return (topic, partition) -> its files that count, by offset."""
        found: dict[tuple[str, int], list[Segment]] = defaultdict(list)
        for segment in self.segments:
            found[segment.topic, segment.partition].append(segment)
        return dict(found)


def day_of(timestamp_ms: int) -> date:
    """Return the Vietnamese day a record belongs to, by the broker's time."""
    return datetime.fromtimestamp(timestamp_ms / 1000, UTC).astimezone(VIETNAM).date()


def create(root: Path, origin: str) -> None:
    """Make an empty archive of that log, unless there is one; raises NotAnArchive for another's."""
    if (root / ABOUT).exists():
        if (found := origin_of(root)) != origin:
            raise NotAnArchive(f"this is the archive of {found}, not of {origin}")
        return
    root.mkdir(parents=True, exist_ok=True)
    about = json.dumps({"format": FORMAT, "origin": origin}, indent=2)
    write_file(root / ABOUT, about.encode() + b"\n")


def origin_of(root: Path) -> str:
    """Return the name of the log the archive is of; raises NotAnArchive."""
    try:
        about = json.loads((root / ABOUT).read_bytes())
        form, origin = about["format"], about["origin"]
    except FileNotFoundError:
        raise NotAnArchive(f"there is no {ABOUT} in it" if root.is_dir() else "no folder") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        raise NotAnArchive(f"its {ABOUT} cannot be read") from None
    if form != FORMAT:
        raise NotAnArchive(f"its format is {form!r}; this program reads {FORMAT}")
    if not isinstance(origin, str) or origin.split() != [origin]:
        raise NotAnArchive(f"its {ABOUT} names no origin")
    return origin


def listing(root: Path) -> Listing:
    """Return the files of the log; reads names only. Raises NotAnArchive where it may not look."""
    found: dict[tuple[str, int], list[Segment]] = defaultdict(list)
    strange: list[str] = []
    for path in _files(root):
        segment = _segment_of(path.relative_to(root)) if path.is_file() else None
        if segment is not None:
            found[segment.topic, segment.partition].append(segment)
        elif not path.name.startswith(".") or path.is_symlink() or path.suffix == ".parquet":
            strange.append(str(path.relative_to(root)))
    kept: list[Segment] = []
    left: list[Segment] = []
    for segments in found.values():
        reached = -1
        for segment in sorted(segments, key=lambda one: (one.first, -one.last)):
            (left if segment.last <= reached else kept).append(segment)
            reached = max(reached, segment.last)
    return Listing(tuple(sorted(kept)), tuple(sorted(left)), tuple(strange))


def _files(root: Path) -> list[Path]:
    try:
        return files_below(root / LOG)
    except OSError as error:
        place = Path(error.filename).relative_to(root)
        raise NotAnArchive(f"{place} cannot be looked into ({type(error).__name__})") from None


def read(root: Path, segment: Segment, columns: Sequence[str] | None = None) -> pa.Table:
    """Return a file's records; raises Unreadable."""
    batches = list(batches_of(root, segment, columns))
    schema = pa.schema([SCHEMA.field(name) for name in columns or SCHEMA.names])
    return pa.Table.from_batches(batches, schema=schema)


def batches_of(
    root: Path, segment: Segment, columns: Sequence[str] | None = None, rows: int = ROWS_PER_GROUP
) -> Iterator[pa.RecordBatch]:
    """Yield a file's records, some at a time and in order; raises Unreadable."""
    try:
        with pq.ParquetFile(root / segment.file) as file:
            if not file.schema_arrow.equals(SCHEMA):
                raise Unreadable(segment.file, "its columns are not those of an archive")
            for batch in file.iter_batches(batch_size=rows, columns=columns and list(columns)):
                batch.validate(full=True)  # also that what should be text is
                yield batch
    except (OSError, pa.ArrowException) as error:
        raise Unreadable(segment.file, f"it cannot be read ({type(error).__name__})") from None


class SegmentWriter:
    """Writes a file of records part by part; `commit` makes it be there, else it never was."""

    def __init__(self, root: Path, segment: Segment) -> None:
        self._root, self._target = root, root / segment.file
        self._target.parent.mkdir(parents=True, exist_ok=True)
        self._partial = self._target.with_name(f".{self._target.name}{PARTIAL}")
        self._file = pq.ParquetWriter(
            self._partial, SCHEMA, compression="zstd", use_dictionary=["type", "dossier_id"]
        )

    def write(self, records: pa.Table) -> None:
        """Add records that follow those before."""
        self._file.write_table(records.cast(SCHEMA), row_group_size=ROWS_PER_GROUP)

    def commit(self) -> None:
        """Make the file be there, lasting once this returns."""
        self._file.close()
        with self._partial.open("rb") as written:
            os.fsync(written.fileno())
        self._partial.rename(self._target)
        keep_names(self._target.parent, self._root)

    def close(self) -> None:
        """Leave no file, unless `commit` made it be there."""
        with contextlib.suppress(OSError):
            self._file.close()
        self._partial.unlink(missing_ok=True)


def write_segment(root: Path, segment: Segment, records: pa.Table) -> None:
    """Add a file of records, all of it or nothing, and lasting once this returns."""
    with contextlib.closing(SegmentWriter(root, segment)) as writer:
        writer.write(records)
        writer.commit()


def write_file(path: Path, content: bytes) -> None:
    """Write a file, all of it or nothing, and lasting once this returns."""
    partial = path.with_name(f".{path.name}{PARTIAL}")
    with partial.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    partial.rename(path)
    keep_names(path.parent, path.parent)


def _segment_of(path: Path) -> Segment | None:
    name, folder = _NAME.match(path.name), _FOLDER.match(str(path.parent.relative_to(LOG)))
    if name is None or folder is None:
        return None
    partition, first, last = (int(part) for part in name.groups())
    try:
        segment = Segment(folder[1], partition, first, last, date.fromisoformat(folder[2]))
    except ValueError:
        return None
    # Not another name of the same, as p000 for p00, nor numbers and days no record has.
    is_ours = segment.file == str(path) and first <= last < 1 << 63
    return segment if is_ours and segment.day.year < date.max.year else None
