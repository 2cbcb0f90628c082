"""What of a record is in the Merkle tree of its topic-partition: every byte and its place."""

import hashlib
import struct
from collections.abc import Iterable, Sequence

Header = tuple[str, bytes | None]

_PLACE = struct.Struct(">qqi")
_LENGTH = struct.Struct(">i")
#: The value of a tombstone has no digest.
NOTHING = bytes(32)


def headers_digest(headers: Iterable[Header]) -> bytes:
    """Return the SHA-256 of a record's headers in order, each name and value with its length."""
    parts = b"".join(_counted(name.encode()) + _counted(value) for name, value in headers)
    return hashlib.sha256(parts).digest()


def value_digest(value: bytes | None) -> bytes:
    """Return the SHA-256 of a record's value: what `prevhash` of the next event names, in bytes."""
    return NOTHING if value is None else hashlib.sha256(value).digest()


def leaf_input(
    offset: int, timestamp_ms: int, key: bytes | None, headers: bytes, value: bytes
) -> bytes:
    """Return what is hashed as the leaf of a record; headers and value come as their digests.

    Offset and timestamp are 8 bytes each, then the key after its length in 4 (-1: no key), then
    the two digests; all numbers big-endian.
    """
    length = -1 if key is None else len(key)
    return _PLACE.pack(offset, timestamp_ms, length) + (key or b"") + headers + value


def leaves_of(
    offsets: Sequence[int],
    timestamps_ms: Sequence[int],
    keys: Sequence[bytes | None],
    headers: Sequence[bytes],
    values: Sequence[bytes],
) -> list[bytes]:
    """Return the leaf hashes of many records; headers and values come as their digests."""
    sha256, pack = hashlib.sha256, _PLACE.pack
    return [
        sha256(
            b"\x00"
            + pack(offset, at, -1 if key is None else len(key))
            + (key or b"")
            + head
            + value
        ).digest()
        for offset, at, key, head, value in zip(
            offsets, timestamps_ms, keys, headers, values, strict=True
        )
    ]


def _counted(part: bytes | None) -> bytes:
    return _LENGTH.pack(-1) if part is None else _LENGTH.pack(len(part)) + part
