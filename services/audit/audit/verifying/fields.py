"""Moments and hashes as envelopes have them, in columns of bytes."""

import binascii
from datetime import date, timedelta
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from audit.verifying.rows import Bytes, Numbers, Texts

#: Lengths of the moments in an envelope, with or without fractions, and the zone at their end.
LENGTHS = {20: b"Z", 25: b"+07:00", 27: b"Z", 32: b"+07:00"}
_EPOCH = date(1970, 1, 1)
_DAY = 86_400 * 10**6
_NO_DAY = bytes(10)
_MINUTES = np.array([b"T%02d:%02d" % divmod(one, 60) for one in range(1440)]).view("V6")
_SECONDS = np.array([b":%02d" % one for one in range(60)]).view("V3")
_MILLIS = np.array([b".%03d" % one for one in range(1000)]).view("V4")
_MICROS = np.array([b"%03d" % one for one in range(1000)]).view("V3")
_IS_HEX = np.zeros(256, bool)
_IS_HEX[[*b"0123456789abcdef"]] = True
#: Of what hex may be written with, only capitals lack this bit.
_SMALL = np.uint64(0x2020202020202020)


def moments(micros: Numbers, length: int) -> Texts:
    """Return moments, in microseconds since 1970 in UTC, as ours are written in that length.

    What cannot be written so is zero bytes.
    """
    zone = LENGTHS[length]
    fraction = length in (27, 32)
    parts = [("day", "V10"), ("minute", "V6"), ("second", "V3")]
    parts += [("milli", "V4"), ("micro", "V3")] if fraction else []
    written = np.empty(len(micros), np.dtype([*parts, ("zone", f"V{len(zone)}")]))
    local = micros if len(zone) == 1 else micros + 7 * 3600 * 10**6
    days = local // _DAY
    in_day = local - days * _DAY
    seconds = in_day // 10**6
    minutes = seconds // 60
    written["day"] = _dates(days)
    written["minute"] = _MINUTES[minutes]
    written["second"] = _SECONDS[seconds - minutes * 60]
    written["zone"] = np.void(zone)
    rest = in_day - seconds * 10**6
    if fraction:
        millis = rest // 1000
        written["milli"], written["micro"] = _MILLIS[millis], _MICROS[rest - millis * 1000]
    elif rest.any():
        written.view(f"V{length}")[rest != 0] = np.void(bytes(length))
    return written.view(f"V{length}")


def _dates(days: Numbers) -> Texts:
    if not len(days) or (days == days[0]).all():
        return np.full(len(days), np.void(_date(int(days[0]) if len(days) else 0)))
    known, which = np.unique(days, return_inverse=True)
    return np.array([_date(int(one)) for one in known], "S10").view("V10")[which]


@lru_cache(maxsize=4096)
def _date(day: int) -> bytes:
    """Return a day since 1970 as it is written; zero bytes for one no calendar has."""
    try:
        return (_EPOCH + timedelta(days=day)).isoformat().encode()
    except OverflowError:
        return _NO_DAY


def from_hex(written: Texts, size: int) -> tuple[Bytes, NDArray[np.bool_]]:
    """Return rows of so many bytes, and which of them are written in lower-case hex, as ours."""
    raw = written.tobytes()
    try:
        found = binascii.unhexlify(raw)
        if np.bitwise_and.reduce(np.frombuffer(raw, np.uint64)) & _SMALL == _SMALL:
            right = np.frombuffer(found, np.uint8).reshape(-1, size)
            return right, np.ones(len(written), bool)
    except ValueError:
        pass
    rows = np.frombuffer(raw, np.uint8).reshape(-1, size * 2)
    good = np.asarray(_IS_HEX[rows].all(axis=1))
    zeros = np.where(good[:, None], rows, ord("0")).astype(np.uint8)
    return np.frombuffer(binascii.unhexlify(zeros.tobytes()), np.uint8).reshape(-1, size), good
