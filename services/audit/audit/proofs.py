"""Proofs about the archive that need no archive to be checked: of a record, and of growth.

A proof is a JSON object. `record`: a record of the log, byte for byte, and its path to the root of
a signed checkpoint. `growth`: two signed checkpoints and that the later tree grew out of the
earlier one.
"""

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from audit.archive import EXACT, batches_of, listing
from audit.checkpoints import Checkpoint, Ledger, parse_checkpoint
from audit.columns import EventHead, head_of
from audit.keys import Keys
from audit.notes import BadNote, split
from audit.trees import Tree

FORMAT = 1
RECORD, GROWTH = "record", "growth"


class NoProof(Exception):
    """There is nothing to prove it by; the text says why."""


@dataclass(frozen=True)
class Signed:
    """A checkpoint and the note it stands in."""

    checkpoint: Checkpoint
    note: str


def signed_checkpoints(ledger: Ledger, topic: str, partition: int) -> Iterator[Signed]:
    """Yield the checkpoints of a place, oldest first; what is none is left out."""
    for _, note in ledger.notes(topic, partition):
        try:
            yield Signed(parse_checkpoint(split(note)[0]), note)
        except BadNote:
            continue


def newest_checkpoint(ledger: Ledger, topic: str, partition: int) -> Signed:
    """Return the newest checkpoint of a place; raises NoProof."""
    note = ledger.last(topic, partition)
    try:
        if note is not None:
            return Signed(parse_checkpoint(split(note)[0]), note)
    except BadNote:
        raise NoProof("the newest checkpoint cannot be read") from None
    raise NoProof(f"no checkpoint of {topic}/{partition}")


def checkpoint_of(ledger: Ledger, topic: str, partition: int, size: int | None) -> Signed:
    """Return the newest checkpoint of a place, or the first of that size; raises NoProof."""
    if size is None:
        return newest_checkpoint(ledger, topic, partition)
    for one in signed_checkpoints(ledger, topic, partition):
        if one.checkpoint.size == size:
            return one
    raise NoProof(f"no checkpoint of {topic}/{partition} has {size} records")


def prove_record(ledger: Ledger, tree: Tree, place: tuple[str, int], offset: int) -> dict[str, Any]:
    """Return the proof that a record is in the newest checkpoint of its place; raises NoProof."""
    index, signed = tree.index_of(offset), newest_checkpoint(ledger, *place)
    if index is None:
        raise NoProof(f"no record {offset} of {place[0]}/{place[1]}")
    size = signed.checkpoint.size
    if not index < size <= tree.size:
        raise NoProof(f"record {offset} is in no checkpoint yet, or the archive lacks records")
    return {
        "kind": RECORD,
        "topic": place[0],
        "partition": place[1],
        "index": index,
        "record": _written(tree.record(index)),
        "path": _texts(tree.inclusion(index, size)),
        "checkpoint": signed.note,
    }


def prove_growth(
    ledger: Ledger, tree: Tree, place: tuple[str, int], size: int, later: int | None = None
) -> dict[str, Any]:
    """Return the proof that a place grew from `size` records to a later checkpoint's.

    The checkpoint of `size` is in it where there is one, else only the root. Raises NoProof.
    """
    to = checkpoint_of(ledger, *place, later)
    earlier = next(
        (one for one in signed_checkpoints(ledger, *place) if one.checkpoint.size == size), None
    )
    if not 0 <= size <= to.checkpoint.size <= tree.size:
        raise NoProof(f"{size} records are not within the checkpoint, or the archive lacks records")
    return {
        "kind": GROWTH,
        "topic": place[0],
        "partition": place[1],
        "size": size,
        "root": _text(earlier.checkpoint.root if earlier else tree.root(size)),
        "earlier": earlier and earlier.note,
        "path": _texts(tree.consistency(size, to.checkpoint.size)),
        "checkpoint": to.note,
    }


def document_of(origin: str, keys: Keys, proofs: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Return proofs as one document, with the keys they are signed by and how those followed."""
    return {
        "format": FORMAT,
        "origin": origin,
        "keys": keys.as_list(),
        "proofs": list(proofs),
    }


def places_of_event(root: Path, wanted: bytes, column: str) -> list[tuple[str, int, int]]:
    """Return (topic, partition, offset) of the records whose event has that id or code.

    `column` is `event_id` or `code`. The bytes are read, not what the archive derived of them.
    """
    found = []
    for segment in listing(root).segments:
        for batch in batches_of(root, segment, EXACT):
            offsets, values = batch.column("offset"), batch.column("value")
            for at, value in enumerate(values.to_pylist()):
                if value is not None and wanted in value and _names(head_of(value), wanted, column):
                    found.append((segment.topic, segment.partition, int(offsets[at].as_py())))
    return found


def _written(row: dict[str, Any]) -> dict[str, Any]:
    at: datetime = row["timestamp"]
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    return {
        "offset": row["offset"],
        "timestamp_ms": round(since.total_seconds() * 1000),
        "key": _text(row["key"]),
        "headers": [[one["name"], _text(one["value"])] for one in row["headers"] or ()],
        "value": _text(row["value"]),
    }


def _names(head: EventHead | None, wanted: bytes, column: str) -> bool:
    return head is not None and getattr(head, column) == wanted


def _texts(digests: Sequence[bytes]) -> list[str]:
    return [base64.b64encode(digest).decode() for digest in digests]


def _text(content: bytes | None) -> str | None:
    return None if content is None else base64.b64encode(content).decode()
