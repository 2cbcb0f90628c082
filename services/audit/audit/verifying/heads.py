"""Whether the derived columns say what the bytes say: a whole batch compared at once.

What the envelope must look like is written out from the derived columns and compared with the
bytes; only what differs is read record by record. Both ways come to the same as `columns.head_of`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from audit.verifying.fields import LENGTHS, from_hex, moments
from audit.verifying.rows import Bytes, Numbers, Texts, numbers, texts

_ID, _HASH = 36, 64
_QUOTE = ord('"')
_TENS = 10 ** np.arange(10, dtype=np.int64)
#: A number that spreads layouts over what is sorted fast; those it does not tell apart are more.
_SPREAD = 65_521
_OPENING = b'{"specversion":"1.0","id":"'
_TYPE, _SUBJECT, _TIME = b'","type":"', b'","subject":"', b'","time":"'
_DOSSIER = b'","datacontenttype":"application/json","dossierid":"'
_SEQUENCE, _PREVIOUS, _CAUSE = b'","sequence":', b',"prevhash":"', b'","causeid":"'
_NO_HASH = np.void(b"0" * _HASH)
_UUID = np.dtype(
    [
        *(("a", "V8"), ("-1", "u1"), ("b", "V4"), ("-2", "u1"), ("c", "V4"), ("-3", "u1")),
        *(("d", "V4"), ("-4", "u1"), ("e", "V12")),
    ]
)
_PARTS = "abcde"
_HEX = np.dtype([(name, _UUID[name]) for name in _PARTS])
Held = tuple[Bytes, Numbers]


@dataclass(frozen=True)
class Heads:
    """What was read of the records whose derived columns are right, the others left to others.

    `rows` are their numbers in the batch, growing; `dossiers` 16 and `previous` 32 bytes each.
    """

    rows: Numbers
    dossiers: Bytes
    sequences: Numbers
    previous: Bytes
    odd: Numbers


@dataclass(frozen=True)
class _Columns:
    values: Held
    ids: Texts
    types: Held
    codes: Held
    dossiers: Texts
    sequences: Numbers
    moments: Numbers


def heads_of(batch: pa.RecordBatch, writer: str) -> Heads:
    """Return what the derived columns and the bytes both say of a service's events.

    `odd` are the records left: no events, written in another way, or with columns that differ.
    """
    count = batch.num_rows
    every, none = np.arange(count), np.empty(0, np.int64)
    columns = _columns(batch)
    if columns is None:
        return Heads(none, np.empty((0, 16), np.uint8), none, np.empty((0, 32), np.uint8), every)
    same = np.zeros(count, bool)
    named = np.full(count, _NO_HASH)
    for rows, layout in _groups(columns, writer):
        same[rows] = _compared(columns, rows, layout, named)
    ids = columns.dossiers.view(_UUID)
    packed = np.empty(count, _HEX)
    for name in _PARTS:
        packed[name] = ids[name]
    for number in range(1, 5):
        same &= ids[f"-{number}"] == ord("-")
    (dossiers, right), (previous, good) = from_hex(packed, 16), from_hex(named, 32)
    same &= right & good
    if same.all():
        return Heads(every, dossiers, columns.sequences, previous, none)
    return Heads(every[same], dossiers[same], columns.sequences[same], previous[same], every[~same])


def _columns(batch: pa.RecordBatch) -> _Columns | None:
    """Return the columns as they lie in memory; None when one has nulls or a text is quoted."""
    names = ("value", "event_id", "type", "code", "dossier_id", "sequence", "time")
    found = {name: batch.column(name) for name in names}
    if any(column.null_count for column in found.values()) or not batch.num_rows:
        return None
    held = {name: texts(found[name]) for name in names[:5]}
    if not all(_is_plain(*held[name]) for name in names[1:5]):
        return None
    if not all((np.diff(held[name][1]) == _ID).all() for name in ("event_id", "dossier_id")):
        return None
    column = found["sequence"]
    sequences = np.frombuffer(column.buffers()[1], np.int32)[column.offset :][: len(column)]
    return _Columns(
        held["value"],
        _of_id(*held["event_id"]),
        held["type"],
        held["code"],
        _of_id(*held["dossier_id"]),
        sequences.astype(np.int64),
        numbers(found["time"]),
    )


def _is_plain(content: Bytes, begin: Numbers) -> bool:
    """Return whether texts are printable ASCII without what is written with a backslash."""
    used = content[begin[0] : begin[-1]]
    if not len(used):
        return True
    raw = used.tobytes()
    plain = b'"' not in raw and b"\\" not in raw and raw.isascii()
    return plain and bool(used.min() >= ord(" ")) and b"\x7f" not in raw


def _of_id(content: Bytes, begin: Numbers) -> Texts:
    return content[begin[0] : begin[-1]].view(f"V{_ID}")


def _groups(columns: _Columns, writer: str) -> Iterator[tuple[Numbers, "_Layout"]]:
    """Yield rows whose envelopes have every field at the same place, and which place."""
    content, begin = columns.values
    start, end = begin[:-1], begin[1:]
    kinds, codes = np.diff(columns.types[1]), np.diff(columns.codes[1])
    digits = np.searchsorted(_TENS, columns.sequences, side="right")
    source = len(_source(writer))
    fixed = len(_OPENING) + _ID + len(_TYPE) + source + len(_SUBJECT) + len(_TIME)
    at = start + kinds + codes + fixed
    moment = np.zeros(len(start), np.int64)
    for length in LENGTHS:
        ends = np.minimum(at + length, len(content) - 1)
        moment[(moment == 0) & (content[ends] == _QUOTE)] = length
    rest = len(_DOSSIER) + _ID + len(_SEQUENCE) + len(_PREVIOUS) + _HASH + len(_CAUSE)
    fits = (moment > 0) & (digits > 0) & (at + moment + digits + rest <= end)
    fits &= (kinds > 0) & (codes > 0)
    keys = ((kinds * 4096 + codes) * 16 + digits) * 64 + moment
    keys[~fits] = -1
    order = np.argsort((keys % _SPREAD).astype(np.uint16), kind="stable")
    cuts = np.flatnonzero(np.diff(keys[order])) + 1
    for rows in np.split(order, cuts):
        if keys[first := rows[0]] >= 0:
            lengths = (int(some[first]) for some in (kinds, codes, moment, digits))
            yield rows, _layout(writer, *lengths)


def _source(writer: str) -> bytes:
    return f'","source":"/hotich/{writer}'.encode()


def _windows(held: Held, rows: Numbers, length: int) -> Texts:
    """Return the so many bytes at which some texts begin."""
    content, begin = held
    shape = (len(content) - length + 1,)
    every: Texts = np.ndarray(shape, f"V{length}", content, strides=(1,))
    return every[begin[rows]]


def _compared(
    columns: _Columns, rows: Numbers, layout: "_Layout", named: Texts
) -> NDArray[np.bool_]:
    """Return which rows of one layout are as the columns say; put the hashes they name away."""
    found = _windows(columns.values, rows, layout.fields.itemsize).view(layout.fields)
    wanted = np.full(len(rows), layout.template).view(layout.fields)
    wanted["id"] = columns.ids[rows]
    wanted["type"] = _windows(columns.types, rows, layout.fields["type"].itemsize)
    wanted["code"] = _windows(columns.codes, rows, layout.fields["code"].itemsize)
    wanted["time"] = moments(columns.moments[rows], layout.fields["time"].itemsize)
    wanted["dossier"] = columns.dossiers[rows]
    wanted["sequence"] = _digits(columns.sequences[rows], layout.fields["sequence"].itemsize)
    wanted["previous"] = previous = found["previous"]
    named[rows] = previous
    shape = len(rows), layout.fields.itemsize
    same = found.view(np.uint8).reshape(shape) == wanted.view(np.uint8).reshape(shape)
    return np.ones(len(rows), bool) if same.all() else np.asarray(same.all(axis=1))


@dataclass(frozen=True)
class _Layout:
    """Where each field of an envelope stands, and what is the same in all."""

    fields: np.dtype[Any]
    template: np.void


@lru_cache(maxsize=1024)
def _layout(writer: str, kind: int, code: int, moment: int, digits: int) -> _Layout:
    fields: list[tuple[str, str]] = []
    template = b""
    for before, name, length in (
        (_OPENING, "id", _ID),
        (_TYPE, "type", kind),
        (_source(writer) + _SUBJECT, "code", code),
        (_TIME, "time", moment),
        (_DOSSIER, "dossier", _ID),
        (_SEQUENCE, "sequence", digits),
        (_PREVIOUS, "previous", _HASH),
    ):
        fields += [(f"before {name}", f"V{len(before)}"), (name, f"V{length}")]
        template += before + bytes(length)
    dtype = np.dtype([*fields, ("cause", f"V{len(_CAUSE)}")])
    return _Layout(dtype, np.void(template + _CAUSE))


def _digits(sequences: Numbers, count: int) -> Texts:
    columns = [sequences // _TENS[at] % 10 + ord("0") for at in range(count - 1, -1, -1)]
    digits = columns[0] if count == 1 else np.stack(columns, axis=1)
    return digits.astype(np.uint8).reshape(-1).view(f"V{count}")
