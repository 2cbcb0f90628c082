"""Flat tables of the archive for any tool: events, dossiers, deadlines, and what they stand on."""

import csv
import hashlib
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Protocol

import pyarrow as pa
import pyarrow.parquet as pq

from audit.archive import write_file
from audit.checkpoints import Ledger, parse_checkpoint
from audit.notes import BadNote
from audit.questions.exported_rows import (
    DEADLINES,
    DOSSIERS,
    EVENTS,
    deadline_row,
    dossier_row,
    event_row,
)
from audit.questions.ordering import causal
from audit.questions.reading import Source
from audit.questions.rows import table_of
from audit.questions.saying import iso, told_document

Format = Literal["parquet", "csv"]
MANIFEST = "manifest.json"
_AT_ONCE = 4096


class _Writer(Protocol):
    def write_table(self, table: pa.Table) -> None: ...

    def close(self) -> None: ...


class _Csv:
    """Writes tables as CSV: UTF-8, moments of Vietnam, nothing for what is not there."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        self._file = path.open("w", encoding="utf-8", newline="")
        self._rows = csv.writer(self._file, lineterminator="\n")
        self._rows.writerow(schema.names)

    def write_table(self, table: pa.Table) -> None:
        columns = [column.to_pylist() for column in table.columns]
        self._rows.writerows([_plain(one) for one in row] for row in zip(*columns, strict=True))

    def close(self) -> None:
        self._file.close()


def _plain(value: Any) -> Any:
    if isinstance(value, bool):
        return str(value).lower()
    return iso(value) if isinstance(value, datetime) else value


class _Table:
    """A file that is written some rows at a time; `count` is how many it has."""

    def __init__(self, out: Path, name: str, schema: pa.Schema, form: Format) -> None:
        self.path, self.schema, self.count = out / f"{name}.{form}", schema, 0
        self._writer: _Writer = (
            pq.ParquetWriter(self.path, schema, compression="zstd")
            if form == "parquet"
            else _Csv(self.path, schema)
        )
        self._waiting: list[Sequence[Any]] = []

    def add(self, *values: Any) -> None:
        """Add a row, in the order of the schema."""
        self._waiting.append(values)
        self.count += 1
        if len(self._waiting) >= _AT_ONCE:
            self._write()

    def close(self) -> None:
        """Write what waits, and the end of the file."""
        self._write()
        self._writer.close()

    def _write(self) -> None:
        if self._waiting:
            self._writer.write_table(table_of(self._waiting, self.schema))
        self._waiting = []


@dataclass(frozen=True)
class Exported:
    """How many rows each table has."""

    events: int
    dossiers: int
    deadlines: int


def export(source: Source, out: Path, form: Format, since: datetime | None = None) -> Exported:
    """Write the tables and the manifest into a folder, which is made if it is not there.

    With `since` only events and deadlines of that moment and later, and their dossiers as they
    stand in the end. The same archive gives the same files.
    """
    out.mkdir(parents=True, exist_ok=True)
    (out / MANIFEST).unlink(missing_ok=True)
    events, dossiers, deadlines = (
        _Table(out, name, schema, form)
        for name, schema in (("events", EVENTS), ("dossiers", DOSSIERS), ("deadlines", DEADLINES))
    )
    for dossier in source.dossiers():
        happened = causal(dossier.events)
        if since is not None and all(one.event.time < since for one in happened):
            continue
        dossiers.add(*dossier_row(dossier))
        for number, one in enumerate(happened, 1):
            if since is None or one.event.time >= since:
                events.add(*event_row(dossier, number, one))
                if row := deadline_row(dossier, one):
                    deadlines.add(*row)
    for table in (events, dossiers, deadlines):
        table.close()
    manifest = _manifest(source, (events, dossiers, deadlines), since)
    text = json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"
    write_file(out / MANIFEST, text.encode())
    return Exported(events.count, dossiers.count, deadlines.count)


def _manifest(source: Source, tables: Sequence[_Table], since: datetime | None) -> dict[str, Any]:
    return {
        "origin": source.origin,
        "since": iso(since),
        "files": [
            {
                "file": one.path.name,
                "rows": one.count,
                "bytes": one.path.stat().st_size,
                "sha256": _sha256(one.path),
            }
            for one in tables
        ],
        "checkpoints": list(_checkpoints(source.root)),
        "left_out": told_document(source.told),
    }


def _checkpoints(root: Path) -> Iterator[dict[str, Any]]:
    """Yield the newest checkpoint of each place; whether it holds, `verify` says."""
    ledger = Ledger(root)
    for topic, partition in ledger.places():
        note = ledger.last(topic, partition)
        if note is None:
            continue
        place = {"topic": topic, "partition": partition, "note": note}
        try:
            found = parse_checkpoint(note.partition("\n\n")[0] + "\n")
        except BadNote:
            yield place | {"size": None}
        else:
            yield place | {"size": found.size, "offset": found.offset, "root": found.root.hex()}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
