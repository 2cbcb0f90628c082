"""Whether the derived columns say what the bytes say: a whole batch compared at once.

What the envelope must look like is written out from the derived columns and compared with the
bytes; only what differs is read record by record. Both ways come to the same as `columns.head_of`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from audit.verifying.fields import LENGTHS, from_hex, moments
from audit.verifying.rows import Bytes, Numbers, numbers, texts

_ID, _HASH = 36, 64
_HEX = np.array([at for at in range(_ID) if at not in (8, 13, 18, 23)])
_DASHES = np.array([8, 13, 18, 23])
_QUOTES = (ord('"'), ord("\\"))
_TENS = 10 ** np.arange(10, dtype=np.int64)
_OPENING = b'{"specversion":"1.0","id":"'
_TYPE, _SUBJECT, _TIME = b'","type":"', b'","subject":"', b'","time":"'
_DOSSIER = b'","datacontenttype":"application/json","dossierid":"'
_SEQUENCE, _PREVIOUS, _CAUSE = b'","sequence":', b',"prevhash":"', b'","causeid":"'


@dataclass(frozen=True)
class Heads:
    """What was read of the records whose derived columns are right, the others left to others.

    `rows` are their numbers in the batch; `dossiers` 16 and `previous` 32 bytes each.
    """

    rows: Numbers
    dossiers: Bytes
    sequences: Numbers
    previous: Bytes
    odd: Numbers


@dataclass(frozen=True)
class _Columns:
    values: tuple[Bytes, Numbers]
    ids: tuple[Bytes, Numbers]
    types: tuple[Bytes, Numbers]
    codes: tuple[Bytes, Numbers]
    dossiers: tuple[Bytes, Numbers]
    sequences: Numbers
    moments: Numbers


def heads_of(batch: pa.RecordBatch, writer: str) -> Heads:
    """Return what the derived columns and the bytes both say of a service's events.

    `odd` are the records left: no events, written in another way, or with columns that differ.
    """
    every = np.arange(batch.num_rows)
    columns = _columns(batch)
    if columns is None:
        return _joined([], every)
    good = [
        found
        for rows, length in _groups(columns, len(_source(writer)))
        if (found := _compared(columns, rows, length, writer)) is not None
    ]
    return _joined(good, every)


def _source(writer: str) -> bytes:
    return f'","source":"/hotich/{writer}'.encode()


def _columns(batch: pa.RecordBatch) -> _Columns | None:
    """Return the columns as they lie in memory; None when one has nulls or a text is quoted."""
    names = ("value", "event_id", "type", "code", "dossier_id", "sequence", "time")
    found = {name: batch.column(name) for name in names}
    if any(column.null_count for column in found.values()) or not batch.num_rows:
        return None
    held = {name: texts(found[name]) for name in names[:5]}
    for name in names[1:5]:
        content, begin = held[name]
        used = content[begin[0] : begin[-1]]
        if any((used == quote).any() for quote in _QUOTES):
            return None
    if not all((np.diff(held[name][1]) == _ID).all() for name in ("event_id", "dossier_id")):
        return None
    column = found["sequence"]
    sequences = np.frombuffer(column.buffers()[1], np.int32)[column.offset :][: len(column)]
    return _Columns(
        held["value"],
        held["event_id"],
        held["type"],
        held["code"],
        held["dossier_id"],
        sequences.astype(np.int64),
        numbers(found["time"]),
    )


def _groups(columns: _Columns, source: int) -> Iterator[tuple[Numbers, int]]:
    """Yield rows whose envelopes have every field at the same place, and their moment's length."""
    content, begin = columns.values
    start, end = begin[:-1], begin[1:]
    kinds, codes = np.diff(columns.types[1]), np.diff(columns.codes[1])
    digits = np.searchsorted(_TENS, columns.sequences, side="right")
    fixed = len(_OPENING) + _ID + len(_TYPE) + source + len(_SUBJECT) + len(_TIME)
    at = start + fixed + kinds + codes
    moment = np.zeros(len(start), np.int64)
    for length in LENGTHS:
        ends = np.minimum(at + length, len(content) - 1)
        moment = np.where((moment == 0) & (content[ends] == _QUOTES[0]), length, moment)
    rest = len(_DOSSIER) + _ID + len(_SEQUENCE) + len(_PREVIOUS) + _HASH + len(_CAUSE)
    fits = (moment > 0) & (digits > 0) & (at + moment + rest + digits <= end)
    keys = ((kinds * 4096 + codes) * 16 + digits) * 64 + moment
    keys[~fits] = -1
    order = np.argsort(keys, kind="stable")
    cuts = np.flatnonzero(np.diff(keys[order])) + 1
    for rows in np.split(order, cuts):
        if keys[rows[0]] >= 0:
            yield rows, int(moment[rows[0]])


def _windows(held: tuple[Bytes, Numbers], rows: Numbers, length: int) -> Bytes:
    content, begin = held
    return np.lib.stride_tricks.sliding_window_view(content, length)[begin[rows]]


def _compared(columns: _Columns, rows: Numbers, moment: int, writer: str) -> Heads | None:
    """Return the heads of rows of one layout that are as the columns say; None for none."""
    first = rows[0]
    kind = int(columns.types[1][first + 1] - columns.types[1][first])
    code = int(columns.codes[1][first + 1] - columns.codes[1][first])
    digits = int(np.searchsorted(_TENS, columns.sequences[first], side="right"))
    layout = _Layout(_source(writer), kind, code, moment, digits)
    found = _windows(columns.values, rows, layout.length)
    wanted = np.empty_like(found)
    wanted[:] = layout.template
    ids = _windows(columns.dossiers, rows, _ID)
    layout.put(wanted, "id", _windows(columns.ids, rows, _ID))
    layout.put(wanted, "type", _windows(columns.types, rows, kind))
    layout.put(wanted, "code", _windows(columns.codes, rows, code))
    layout.put(wanted, "dossier", ids)
    layout.put(wanted, "sequence", _digits(columns.sequences[rows], digits))
    times, previous = layout.of(found, "time"), layout.of(found, "previous")
    layout.put(wanted, "time", times)
    layout.put(wanted, "previous", previous)
    same = np.ones(len(rows), bool)
    if not np.array_equal(found, wanted):
        same = (found == wanted).all(axis=1)
    same &= moments(times) == columns.moments[rows]
    same &= (ids[:, _DASHES] == ord("-")).all(axis=1)
    (dossiers, right), (hashes, good) = from_hex(ids[:, _HEX], 16), from_hex(previous, 32)
    same &= right & good
    sequences = columns.sequences[rows]
    if not same.all():
        rows, dossiers = rows[same], dossiers[same]
        sequences, hashes = sequences[same], hashes[same]
    none = np.empty(0, np.int64)
    return Heads(rows, dossiers, sequences, hashes, none) if len(rows) else None


class _Layout:
    """Where each field of an envelope stands, when the lengths of all are known."""

    def __init__(self, source: bytes, kind: int, code: int, moment: int, digits: int) -> None:
        self.at: dict[str, slice] = {}
        parts: list[bytes] = []
        for before, name, length in (
            (_OPENING, "id", _ID),
            (_TYPE, "type", kind),
            (source + _SUBJECT, "code", code),
            (_TIME, "time", moment),
            (_DOSSIER, "dossier", _ID),
            (_SEQUENCE, "sequence", digits),
            (_PREVIOUS, "previous", _HASH),
            (_CAUSE, "", 0),
        ):
            begin = sum(map(len, parts)) + len(before)
            parts += [before, bytes(length)]
            self.at[name] = slice(begin, begin + length)
        self.template = np.frombuffer(b"".join(parts), np.uint8)
        self.length = len(self.template)

    def put(self, rows: Bytes, name: str, field: Bytes) -> None:
        rows[:, self.at[name]] = field

    def of(self, rows: Bytes, name: str) -> Bytes:
        return rows[:, self.at[name]]


def _digits(sequences: Numbers, count: int) -> Bytes:
    columns = [sequences // _TENS[at] % 10 + ord("0") for at in range(count - 1, -1, -1)]
    return np.stack(columns, axis=1).astype(np.uint8)


def _joined(good: list[Heads], every: Numbers) -> Heads:
    if not good:
        none = np.empty((0, 16), np.uint8), np.empty(0, np.int64), np.empty((0, 32), np.uint8)
        return Heads(np.empty(0, np.int64), *none, every)
    rows = np.concatenate([one.rows for one in good])
    return Heads(
        rows,
        np.concatenate([one.dossiers for one in good]),
        np.concatenate([one.sequences for one in good]),
        np.concatenate([one.previous for one in good]),
        np.setdiff1d(every, rows) if len(rows) < len(every) else np.empty(0, np.int64),
    )
