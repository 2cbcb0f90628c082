"""Two records that changed places with all they have: found by trying, for no chain tells them."""

from collections.abc import Iterator, Mapping
from itertools import combinations
from pathlib import Path
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from audit.archive import EXACT, NotAnArchive, Segment, Unreadable, batches_of
from audit.findings import Verdict
from audit.merkle import Frontier
from audit.trees import Tree, leaves_in
from audit.verifying.collecting import Findings, Place
from audit.verifying.seals import Break

#: So many records of a range are tried in pairs; each try computes the root over them.
MOST = 64
_MOVED = (("timestamp", "key", "headers", "value"), ("key", "headers", "value"))
_COLUMNS = (*EXACT, "dossier_id")


def name_swaps(
    root: Path,
    files: Mapping[Place, list[Segment]],
    breaks: Mapping[Place, Break],
    found: Findings,
) -> None:
    """Tell of two records that, put in each other's place, give the root that was signed."""
    for place, broken in breaks.items():
        if not 2 <= broken.checkpoint.size - broken.after <= MOST:
            continue
        try:
            records = _range(root, files.get(place, []), broken)
            pair = _swapped(root, place, broken, records)
        except (NotAnArchive, Unreadable, ValueError):
            continue  # told of where the file was read
        for here, there in (pair, pair[::-1]) if pair else ():
            _tell(found, place, records, here, there)


def _range(root: Path, segments: list[Segment], broken: Break) -> pa.Table:
    near = [one for one in segments if one.first <= broken.last and broken.first <= one.last]
    return pa.Table.from_batches(
        [
            batch.filter(_within(batch.column("offset"), broken))
            for one in near
            for batch in batches_of(root, one, _COLUMNS)
        ]
    )


def _within(offsets: pa.Array, broken: Break) -> pa.Array:
    after_first = pc.greater_equal(offsets, broken.first)
    return pc.and_(after_first, pc.less_equal(offsets, broken.last))


def _swapped(root: Path, place: Place, broken: Break, records: pa.Table) -> tuple[int, int] | None:
    count = broken.checkpoint.size - broken.after
    if records.num_rows != count:
        return None
    base = Frontier()
    for leaves in Tree(root, *place).leaves(0, broken.after):
        base.extend(leaves)
    for moved in _MOVED:
        at_home = leaves_in(_moved(records, moved, 0))
        away = [leaves_in(_moved(records, moved, by)) for by in range(count)]
        for one, other in combinations(range(count), 2):
            tried = list(at_home)
            tried[one], tried[other] = away[other - one][one], away[one - other][other]
            frontier = Frontier(base.size, base.digests)
            frontier.extend(tried)
            if frontier.root() == broken.checkpoint.root:
                return one, other
    return None


def _moved(records: pa.Table, columns: tuple[str, ...], by: int) -> pa.RecordBatch:
    """Return the records with what stands so many further on, around the end, in these columns."""
    count = records.num_rows
    turned = records.take([(n + by) % count for n in range(count)])
    for name in columns:
        at = records.column_names.index(name)
        records = records.set_column(at, records.schema.field(at), turned[name])
    (batch,) = records.combine_chunks().to_batches()
    return batch


def _tell(found: Findings, place: Place, records: pa.Table, here: int, there: int) -> None:
    offsets, dossiers = records["offset"].to_pylist(), records["dossier_id"].to_pylist()
    found.add(
        Verdict.ALTERED,
        "swapped",
        f"it stands in the place of offset {offsets[there]}: put back, the signed root comes out",
        topic=place.topic,
        partition=place.partition,
        offset=offsets[here],
        dossier_id=next(_uuids(dossiers[here]), None),
    )


def _uuids(text: str | None) -> Iterator[UUID]:
    try:
        yield UUID(text or "")
    except ValueError:
        return
