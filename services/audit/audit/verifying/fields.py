"""Moments and hashes as envelopes have them, read in columns of bytes."""

import binascii
from datetime import date

import numpy as np
from numpy.typing import NDArray

from audit.verifying.rows import Bytes, Numbers

#: Lengths of the moments in an envelope, with or without fractions, and the zone at their end.
LENGTHS = {20: b"Z", 25: b"+07:00", 27: b"Z", 32: b"+07:00"}
_EPOCH = date(1970, 1, 1)
_IS_HEX = np.zeros(256, bool)
_IS_HEX[[*b"0123456789abcdef"]] = True


def moments(written: Bytes) -> Numbers:
    """Return the moments in microseconds since 1970 in UTC; -1 for what is not written as ours."""
    length = written.shape[1]
    zone = np.frombuffer(LENGTHS[length], np.uint8)
    fraction = length in (27, 32)
    marks = b"0000-00-00T00:00:00" + (b".000000" if fraction else b"") + bytes(zone)
    template = np.frombuffer(marks, np.uint8)
    digit = np.flatnonzero(template[: length - len(zone)] == ord("0"))
    fixed = np.setdiff1d(np.arange(length), digit)
    digits = written[:, digit] - ord("0")
    weights = np.zeros((len(digit), 5))
    weights[:8, 0] = 10.0 ** np.arange(7, -1, -1)
    for part, begin in enumerate((8, 10, 12), 1):
        weights[begin : begin + 2, part] = 10, 1
    weights[14:, 4] = 10.0 ** np.arange(len(digit) - 15, -1, -1)
    parts = (digits.astype(np.float64) @ weights).astype(np.int64)
    days, which = np.unique(parts[:, 0], return_inverse=True)
    since = np.array([_day(int(one)) for one in days], np.int64)[which]
    seconds = parts[:, 1] * 3600 + parts[:, 2] * 60 + parts[:, 3]
    if len(zone) > 1:
        seconds = seconds - 7 * 3600
    good = (digits <= 9).all(axis=1) & (written[:, fixed] == template[fixed]).all(axis=1)
    good &= (since >= 0) & (parts[:, 1] < 24) & (parts[:, 2] < 60) & (parts[:, 3] < 60)
    found: Numbers = (since * 86_400 + seconds) * 1_000_000 + parts[:, 4]
    return np.where(good & (found >= 0), found, -1)


def _day(number: int) -> int:
    """Return the days since 1970 of 20261123; -1 for no day."""
    try:
        found = date(number // 10_000, number // 100 % 100, number % 100)
    except ValueError:
        return -1
    return (found - _EPOCH).days


def from_hex(written: Bytes, size: int) -> tuple[Bytes, NDArray[np.bool_]]:
    """Return rows of so many bytes, and which of them are written in lower-case hex, as ours."""
    raw = written.tobytes()
    try:
        found = binascii.unhexlify(raw)
        if binascii.hexlify(found) == raw:
            right = np.frombuffer(found, np.uint8).reshape(-1, size)
            return right, np.ones(len(written), bool)
    except ValueError:
        pass
    good = np.asarray(_IS_HEX[written].all(axis=1))
    zeros = np.where(good[:, None], written, ord("0")).astype(np.uint8)
    return np.frombuffer(binascii.unhexlify(zeros.tobytes()), np.uint8).reshape(-1, size), good
