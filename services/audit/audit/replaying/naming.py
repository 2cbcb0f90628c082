"""The codes of dossiers that differ only in what is judged in the end, when no event was heard."""

from collections.abc import Collection
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc

from audit.archive import Listing, batches_of
from audit.replaying.results import Difference


def named(
    root: Path, files: Listing, topics: Collection[str], found: list[Difference]
) -> list[Difference]:
    """Return the differences, each with its dossier's code as a record of these topics has it.

    Nothing is read when all have one. Raises Unreadable.
    """
    codes = {one.dossier_id: one.code for one in found if one.code}
    unnamed = {one.dossier_id for one in found} - codes.keys()
    for segment in files.segments if unnamed else ():
        if segment.topic not in topics:
            continue
        wanted = pa.array(sorted(unnamed), pa.string())
        for batch in batches_of(root, segment, ("dossier_id", "code")):
            its = batch.filter(pc.is_in(batch.column("dossier_id"), wanted)).drop_null()
            codes |= zip(*(column.to_pylist() for column in its.columns), strict=True)
        unnamed -= codes.keys()
        if not unnamed:
            break
    return [replace(one, code=codes.get(one.dossier_id, "")) for one in found]
