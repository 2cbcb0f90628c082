"""Records as the tree takes them: digests and leaves of a whole batch, without an object each."""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audit.leaves import NOTHING, headers_digest, leaves_of

Bytes = NDArray[np.uint8]
Numbers = NDArray[np.int64]
#: Texts of one length, each one element.
Texts = NDArray[np.void]

_KEY = 36
_LEAF = np.dtype(
    [
        ("kind", "u1"),
        ("offset", ">u8"),
        ("at", ">u8"),
        ("length", ">i4"),
        ("key", f"V{_KEY}"),
        ("headers", "V32"),
        ("value", "V32"),
    ]
)
_WHOLE = np.dtype(f"V{_LEAF.itemsize}")


@dataclass(frozen=True)
class Rows:
    """A batch of records: places, SHA-256 of each value, and each record's leaf."""

    batch: pa.RecordBatch
    offsets: Numbers
    times_ms: Numbers
    digests: list[bytes]
    leaves: list[bytes]

    def value(self, at: int) -> bytes | None:
        """Return the bytes of a record, by its number in the batch."""
        found: bytes | None = self.batch.column("value")[at].as_py()
        return found

    def values(self) -> list[bytes | None]:
        """Return the bytes of all."""
        found: list[bytes | None] = self.batch.column("value").to_pylist()
        return found

    def __len__(self) -> int:
        return len(self.leaves)


def rows_of(batch: pa.RecordBatch) -> Rows:
    """Return the records of a batch; it has the exact columns at least."""
    offsets, times = numbers(batch.column("offset")), numbers(batch.column("timestamp"))
    digests = _digests(batch.column("value"))
    headers = _headers(batch.column("headers"))
    leaves = _leaves(offsets, times, batch.column("key"), headers, digests)
    return Rows(batch, offsets, times, digests, leaves)


def numbers(column: pa.Array) -> Numbers:
    """Return a column of 64-bit numbers or moments without nulls, as it lies in memory."""
    found = np.frombuffer(column.buffers()[1], np.int64)
    return found[column.offset : column.offset + len(column)]


def texts(column: pa.Array) -> tuple[Bytes, Numbers]:
    """Return the bytes of a column of texts, and where each begins; one more says where all end."""
    _, places, content = column.buffers()
    begin = np.frombuffer(places, np.int32)[column.offset : column.offset + len(column) + 1]
    held = np.frombuffer(content, np.uint8) if content is not None else np.empty(0, np.uint8)
    return held, begin.astype(np.int64)


def _digests(column: pa.Array) -> list[bytes]:
    sha256 = hashlib.sha256
    if column.null_count:
        values = column.to_pylist()
        return [NOTHING if value is None else sha256(value).digest() for value in values]
    held, begin = texts(column)
    content, places = held.data, begin.tolist()
    return [sha256(content[at:end]).digest() for at, end in pairwise(places)]


def _headers(column: pa.Array) -> list[bytes] | bytes:
    """Return the digest of each record's headers; only one when all have the same."""
    if len(column) and _all_alike(column):
        return headers_digest(_pairs(column[0].as_py()))
    known: dict[tuple[tuple[str, bytes | None], ...], bytes] = {}
    found = []
    for one in column.to_pylist():
        pairs = tuple(_pairs(one))
        if pairs not in known:
            if len(known) > 1000:
                known.clear()
            known[pairs] = headers_digest(pairs)
        found.append(known[pairs])
    return found


def _pairs(headers: Iterable[dict[str, Any]] | None) -> list[tuple[str, bytes | None]]:
    return [(header["name"], header["value"]) for header in headers or ()]


def _all_alike(column: pa.Array) -> bool:
    """Return whether every record has one header, and the same."""
    if column.null_count:
        return False
    begin = np.frombuffer(column.buffers()[1], np.int32)[column.offset :][: len(column) + 1]
    if not (np.diff(begin) == 1).all():
        return False
    inner = column.values.slice(int(begin[0]), len(column))
    if inner.null_count:
        return False
    return all(_same_text(inner.field(name)) for name in (0, 1))


def _same_text(column: pa.Array) -> bool:
    if column.null_count:
        return False
    held, begin = texts(column)
    length = int(begin[1] - begin[0])
    if not (np.diff(begin) == length).all():
        return False
    content = held[begin[0] : begin[-1]].tobytes()
    return content == content[:length] * len(column)


def _leaves(
    offsets: Numbers,
    times: Numbers,
    keys: pa.Array,
    headers: list[bytes] | bytes,
    digests: list[bytes],
) -> list[bytes]:
    """Return the leaves; quickly when the keys are those of dossiers and all headers the same."""
    count = len(offsets)
    if not keys.null_count and isinstance(headers, bytes):
        held, begin = texts(keys)
        if (np.diff(begin) == _KEY).all():
            inputs = np.zeros(count, _LEAF)
            inputs["offset"], inputs["at"], inputs["length"] = offsets, times, _KEY
            inputs["key"] = held[begin[0] : begin[-1]].view(f"V{_KEY}")
            inputs["headers"] = np.void(headers)
            inputs["value"] = np.frombuffer(b"".join(digests), "V32")
            sha256 = hashlib.sha256
            return [sha256(one).digest() for one in inputs.view(_WHOLE).tolist()]
    each = [headers] * count if isinstance(headers, bytes) else headers
    return leaves_of(offsets.tolist(), times.tolist(), keys.to_pylist(), each, digests)
