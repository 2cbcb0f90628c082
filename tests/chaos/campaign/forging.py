"""Records nobody of ours ever wrote, made from a true one; each has one thing wrong."""

import json
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from contracts.topics import PARTICULARS, SUBMISSIONS

Headers = tuple[tuple[str, bytes | None], ...]
_FAR_AHEAD = 7
_HUGE_BYTES = 900_000


@dataclass(frozen=True)
class Forgery:
    """A record to send; `sort` says what is wrong with it."""

    sort: str
    key: bytes
    value: bytes | None
    headers: Headers = ()


def forgeries(
    topic: str, key: bytes | None, value: bytes | None, headers: Headers, dice: random.Random
) -> list[Forgery]:
    """Return one forged record of each sort that is one on this topic.

    A sort that would be a lawful record there is left out: a tombstone erases personal data, and a
    submission of another key or content needs a portal's signature to be more than noise.
    """
    assert key is not None
    assert value is not None
    broken = value[: len(value) // 2]
    stranger = str(uuid.UUID(int=dice.getrandbits(128), version=4)).encode()
    made = [
        Forgery("truncated", key, broken, headers),
        Forgery("null_header", key, broken, (("content-type", None),)),
        Forgery("header_not_utf8", key, broken, (("portal", b"\xff\xfe"), ("x", b"\xc3\x28"))),
        Forgery("huge", key, b'{"x":"' + b"x" * _HUGE_BYTES + b'"}'),
        Forgery("no_json", key, b"\x00\x01\x02"),
    ]
    if topic == SUBMISSIONS.name:
        return [*made, Forgery("null_value", key, None, headers)]
    made.append(Forgery("unknown_key", stranger, value, headers))
    if topic == PARTICULARS.name:
        return [*made, Forgery("key_no_dossier", b"nobody", value, headers)]
    return [
        *made,
        Forgery("null_value", key, None, headers),
        Forgery("unknown_type", key, _changed(value, _of_unknown_type)),
        Forgery("wrong_sequence", stranger, _changed(value, _of(stranger, _FAR_AHEAD))),
        Forgery("forged_hash", stranger, _changed(value, _of(stranger, 1, "f" * 64))),
        Forgery("other_content", key, _changed(value, _earlier)),
    ]


def _changed(value: bytes, change: Callable[[dict[str, Any]], None]) -> bytes:
    document = json.loads(value)
    change(document)
    return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def _of_unknown_type(document: dict[str, Any]) -> None:
    document["type"] = "vn.hotich.dossier.unheard_of.v1"


def _earlier(document: dict[str, Any]) -> None:
    document["time"] = "2026-01-01T00:00:00Z"


def _of(dossier: bytes, sequence: int, prevhash: str = "") -> Callable[[dict[str, Any]], None]:
    def change(document: dict[str, Any]) -> None:
        document["dossierid"], document["sequence"] = dossier.decode(), sequence
        document["id"] = str(uuid.uuid5(uuid.UUID(dossier.decode()), str(sequence)))
        if prevhash:
            document["prevhash"] = prevhash

    return change
