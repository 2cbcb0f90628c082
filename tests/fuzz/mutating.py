"""Inputs made from good ones: cut, doubled, swapped, spoilt; always the same for a seed."""

import random

#: What parsers stumble over.
ODD = (
    b"",
    b"\0",
    b"\xff",
    b"\xed\xa0\x80",
    "\u202e\ufeff".encode(),
    b"\r\n",
    b"[" * 5_000,
    b'{"a":' * 2_000,
    b"9" * 5_000,
    b"1e999",
    b"-0",
    b"NaN",
    b'"',
    b"\\ud800",
    b"\\u0000",
    b"null",
    b"true",
    b"[]",
    b"{}",
    b"../../etc/passwd",
    b"%00",
    b"9999-12-31T23:59:59+14:00",
    b"0000-00-00",
    b"=" * 64,
    b"." * 64,
    b"\xef\xbb\xbf",
    b"PK\x03\x04",
)
LONGEST = 200_000


def mutated(seed: bytes, chance: random.Random) -> bytes:
    """Return the input with one to four changes; at most 200,000 bytes."""
    data = seed
    for _ in range(chance.randint(1, 4)):
        at = chance.randint(0, len(data))
        end = min(len(data), at + chance.randint(0, 40))
        match chance.randrange(6):
            case 0:
                data = data[:at] + chance.choice(ODD) + data[end:]
            case 1:
                data = data[:at] + data[end:]
            case 2:
                data = data[:at] + bytes([chance.randrange(256)]) + data[at + 1 :]
            case 3:
                data = data[:end] + data[at:]
            case 4:
                data = data[:at]
            case _:
                data = data[:at] + data[at:end] * chance.randint(2, 200) + data[end:]
    return data[:LONGEST]
