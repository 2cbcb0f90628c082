"""Records sorted by dossier in bounded memory: set aside in files by the first digits of its id."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

_ROWS, _TOGETHER = 4096, 32_768
#: A file is about so large when all is there, and the largest thing in memory.
_BYTES = 64 * 1024 * 1024
_MOST_DIGITS = 2
_ORDER = [(name, "ascending") for name in ("dossier_id", "topic", "partition", "offset")]
_HEX = "0123456789abcdef"
#: Holds what has no id of ours; it comes last.
_OTHER = "x"


def digits_for(expected: int) -> int:
    """Return by how many digits so many bytes are set apart."""
    return next((n for n in range(_MOST_DIGITS) if expected <= _BYTES * 16**n), _MOST_DIGITS)


class Sorting:
    """Takes records in any order and gives them by dossier, then place; once.

    `folder` is empty and for it alone, `expected` how many bytes will come, about.
    """

    def __init__(self, folder: Path, schema: pa.Schema, expected: int) -> None:
        self._folder, self._schema = folder, schema
        self._digits = digits_for(expected)
        self._files: dict[str, pa.RecordBatchStreamWriter] = {}
        self._waiting: list[pa.Table] = []

    def add(self, records: pa.Table) -> None:
        """Set records aside."""
        self._waiting.append(records)
        if sum(one.num_rows for one in self._waiting) >= _TOGETHER:
            self._write()

    def _write(self) -> None:
        """Write what waits, each stretch of one beginning to its file."""
        records = pa.concat_tables(self._waiting).sort_by("dossier_id").combine_chunks()
        starts = pc.utf8_slice_codeunits(records["dossier_id"].chunk(0), 0, self._digits)
        runs, first = pc.run_end_encode(starts), 0
        for start, end in zip(runs.values.to_pylist(), runs.run_ends.to_pylist(), strict=True):
            self._file(start).write_table(records.slice(first, end - first))
            first = end
        self._waiting = []

    def _file(self, start: str) -> pa.RecordBatchStreamWriter:
        ours = len(start) == self._digits and all(digit in _HEX for digit in start)
        name = start if ours else _OTHER
        if name not in self._files:
            options = pa.ipc.IpcWriteOptions(compression="lz4")
            path = str(self._folder / f"records-{name}")
            self._files[name] = pa.ipc.new_stream(path, self._schema, options=options)
        return self._files[name]

    def rows(self) -> Iterator[tuple[Any, ...]]:
        """Yield the records as tuples, in the order of the schema."""
        if self._waiting:
            self._write()
        for file in self._files.values():
            file.close()
        for name in sorted(self._files):
            path = self._folder / f"records-{name}"
            with pa.OSFile(str(path)) as file, pa.ipc.open_stream(file) as reader:
                table = reader.read_all()
            path.unlink()
            for batch in table.sort_by(_ORDER).to_batches(_ROWS):
                columns = [column.to_pylist() for column in batch.columns]
                yield from zip(*columns, strict=True)
