"""Files whose range lies within another's: whether they are what is left of a merge."""

from collections.abc import Iterable
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from audit.archive import SCHEMA, Segment, Unreadable, batches_of, read


def whole_of(part: Segment, segments: Iterable[Segment]) -> Segment:
    """Return the file, of those that count, that a superseded one lies within."""
    return next(one for one in segments if _covers(one, part))


def is_left_of_merge(root: Path, part: Segment, whole: Segment) -> bool:
    """Return whether the whole file has exactly the part's records in that part's range."""
    try:
        wanted = read(root, part)
        kept = [_within(batch, part) for batch in batches_of(root, whole)]
    except Unreadable:
        return False
    return bool(pa.Table.from_batches(kept, schema=SCHEMA).equals(wanted))


def _covers(whole: Segment, part: Segment) -> bool:
    same = (whole.topic, whole.partition) == (part.topic, part.partition)
    return same and whole.first <= part.first and part.last <= whole.last


def _within(batch: pa.RecordBatch, part: Segment) -> pa.RecordBatch:
    offsets = batch.column("offset")
    return batch.filter(
        pc.and_(pc.greater_equal(offsets, part.first), pc.less_equal(offsets, part.last))
    )
