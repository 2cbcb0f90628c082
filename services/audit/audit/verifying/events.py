"""A batch of records as links of their chains, and what is wrong with single records."""

import json
from collections.abc import Iterator
from typing import Any
from uuid import UUID

import numpy as np
import pyarrow as pa

from audit.archive import SCHEMA
from audit.columns import EventHead, derived_of, head_of
from audit.findings import Verdict
from audit.verifying.chains import LINK, Links
from audit.verifying.collecting import Findings, Place
from audit.verifying.heads import heads_of
from audit.verifying.rows import Rows, texts
from contracts.audit import AccessBlock
from contracts.topics import ACCESS, WRITER_OF

_DERIVED = SCHEMA.names[6:]
_ACCESS = {topic.name: service for service, topic in ACCESS.items()}


class Events:
    """Reads the batches of a place; tells what a record alone gives away."""

    def __init__(self, place: Place, found: Findings, *, strict: bool) -> None:
        self._place, self._found, self._strict = place, found, strict
        self._writer = WRITER_OF.get(place.topic, "")
        self.count = 0

    def links(self, batch: pa.RecordBatch, rows: Rows) -> Links:
        """Return the events of a batch as links, in the order of the records."""
        if self._place.topic in _ACCESS:
            return self._blocks(batch, rows)
        heads = heads_of(batch, self._writer)
        links = np.empty(len(heads.rows), LINK)
        halves = np.ascontiguousarray(heads.dossiers).view(">u8")
        links["high"], links["low"] = halves[:, 0], halves[:, 1]
        links["sequence"] = heads.sequences
        links["previous"] = np.ascontiguousarray(heads.previous).view("<u8")
        self._place_in(links, rows, heads.rows)
        self._keys(batch, heads.rows)
        others = [link for at in heads.odd if (link := self._odd(batch, rows, int(at))) is not None]
        self.count += len(links) + len(others)
        return np.concatenate([links, *others]) if others else links

    def _place_in(self, links: Links, rows: Rows, which: Any) -> None:
        links["offset"], links["time"] = rows.offsets[which], rows.times_ms[which]
        digests = np.frombuffer(b"".join(rows.digests), "<u8").reshape(-1, 4)
        links["hash"] = digests[which]

    def _keys(self, batch: pa.RecordBatch, which: Any) -> None:
        """Compare each key with the dossier its record is about."""
        keys, dossiers = batch.column("key"), batch.column("dossier_id")
        if not keys.null_count and len(which) == len(keys):
            (held, begin), (wanted, at) = texts(keys), texts(dossiers)
            same = held[begin[0] : begin[-1]], wanted[at[0] : at[-1]]
            if np.array_equal(np.diff(begin), np.diff(at)) and np.array_equal(*same):
                return
        for row in which:
            if keys[int(row)].as_py() != dossiers[int(row)].as_py().encode():
                self._tell(
                    Verdict.ALTERED, "bytes_changed", "the key names another dossier", batch, row
                )

    def _odd(self, batch: pa.RecordBatch, rows: Rows, at: int) -> Links | None:
        """Read a record by itself; its columns differ, or it is written in another way."""
        head = head_of(rows.value(at))
        if head is not None and not all(part.isascii() for part in head):
            head = None
        derived = derived_of([head])
        differing = [
            name for name in _DERIVED if derived[name][0].as_py() != batch.column(name)[at].as_py()
        ]
        if differing:
            text = f"beside the bytes stands another {', '.join(differing)}"
            dossier = _uuid_of(head.dossier_id.decode()) if head else None
            self._tell(Verdict.ALTERED, "derived_column_differs", text, batch, at, dossier)
        dossier = _uuid_of(head.dossier_id.decode()) if head else None
        if head is None or dossier is None or not self._is_writers(rows.value(at), head):
            self._not_ours(batch, at)
            return None
        if batch.column("key")[at].as_py() != str(dossier).encode():
            text = "the key names another dossier"
            self._tell(Verdict.ALTERED, "bytes_changed", text, batch, at, dossier)
        try:
            previous = bytes.fromhex(head.prevhash.decode())
        except ValueError:
            previous = b""
        return self._link(rows, at, dossier.int, int(head.sequence), previous)

    def _is_writers(self, value: bytes | None, head: EventHead) -> bool:
        try:
            source = json.loads(value or b"").get("source")
        except (ValueError, AttributeError, RecursionError):
            return False
        return bool(source == f"/hotich/{self._writer}")

    def _blocks(self, batch: pa.RecordBatch, rows: Rows) -> Links:
        """Return sealed accesses as links of the one chain of their service."""
        found = list(self._read_blocks(batch, rows))
        self.count += len(found)
        return np.concatenate(found) if found else np.empty(0, LINK)

    def _read_blocks(self, batch: pa.RecordBatch, rows: Rows) -> Iterator[Links]:
        for at, value in enumerate(rows.values()):
            for name in _DERIVED:
                if batch.column(name)[at].is_valid and head_of(value) is None:
                    text = f"beside the bytes stands a {name} they do not have"
                    self._tell(Verdict.ALTERED, "derived_column_differs", text, batch, at)
                    break
            try:
                block = AccessBlock.model_validate_json(value or b"", strict=True)
            except ValueError:
                self._not_ours(batch, at)
                continue
            if block.service != _ACCESS[self._place.topic]:
                self._not_ours(batch, at)
                continue
            yield self._link(rows, at, 0, block.block, bytes.fromhex(block.prevhash))

    def _link(self, rows: Rows, at: int, dossier: int, sequence: int, previous: bytes) -> Links:
        link = np.zeros(1, LINK)
        link["high"], link["low"] = dossier >> 64, dossier & (2**64 - 1)
        link["sequence"] = sequence
        # What is no hash is none that any event has.
        named = previous if len(previous) == 32 else b"\xff" * 32
        link["previous"] = np.frombuffer(named, "<u8")
        self._place_in(link, rows, np.array([at]))
        return link

    def _not_ours(self, batch: pa.RecordBatch, at: int) -> None:
        verdict = Verdict.UNREADABLE if self._strict else Verdict.SOUND
        self._tell(verdict, "not_an_event", "a record that is no event of its writer", batch, at)

    def _tell(
        self,
        verdict: Verdict,
        kind: str,
        text: str,
        batch: pa.RecordBatch,
        at: int,
        dossier: UUID | None = None,
    ) -> None:
        if dossier is None:
            dossier = _uuid_of(batch.column("dossier_id")[int(at)].as_py())
        topic, partition = self._place
        offset = batch.column("offset")[int(at)].as_py()
        self._found.add(
            verdict,
            kind,
            text,
            topic=topic,
            partition=partition,
            offset=offset,
            dossier_id=dossier,
        )


def _uuid_of(text: str | None) -> UUID | None:
    try:
        found = UUID(text or "")
    except ValueError:
        return None
    return found if str(found) == text else None
