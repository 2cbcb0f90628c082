"""The keys the checkpoints of an archive are signed with, and why each may follow the one before.

`keys.json` has them oldest first. Each after the first comes with a statement: a note that both
keys signed, that the one follows the other, from when, and until when the one before still signs.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any

from audit.archive import Unreadable
from audit.findings import Finding, Verdict
from audit.notes import SIGNS, BadNote, Signer, Verifier, open_note, sign

FILE = "keys.json"
FORMAT = 1
_STATEMENT = "hotich-audit/key-succession/v1"
_BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Key:
    """A key and when it may sign: `since` to `until`, both inclusive; no end is None."""

    verifier: Verifier
    since: datetime
    until: datetime | None = None
    statement: str | None = None

    def signs_at(self, time: datetime) -> bool:
        """Return whether it may sign then."""
        return self.since <= time and (self.until is None or time <= self.until)


def moment(at: datetime) -> str:
    """Return a moment as notes and keys write it: RFC 3339, UTC, whole seconds."""
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"


def parse_moment(text: str) -> datetime:
    """Return the moment `moment` writes so; raises ValueError for anything else."""
    at = datetime.strptime(text, "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    if moment(at) != text:
        raise ValueError("no moment as it is written here")
    return at


def succession(origin: str, before: Key, after: Key) -> str:
    """Return the text of the statement that one key follows another in a log."""
    if before.until is None:
        raise ValueError(f"{before.verifier.name} is followed and has no end")
    return (
        f"{_STATEMENT}\n"
        f"origin {origin}\n"
        f"before {before.verifier.text}\n"
        f"until {moment(before.until)}\n"
        f"next {after.verifier.text}\n"
        f"from {moment(after.since)}\n"
    )


def state_succession(origin: str, before: Key, after: Key, signers: Sequence[Signer]) -> str:
    """Return the statement, signed by both keys; raises ValueError when one is not at hand."""
    at_hand = {signer.verifier: signer for signer in signers}
    wanted = [before.verifier, after.verifier]
    if not all(verifier in at_hand for verifier in wanted):
        raise ValueError(
            f"to let {after.verifier.name} follow {before.verifier.name}, both must be at hand"
        )
    return sign(succession(origin, before, after), [at_hand[verifier] for verifier in wanted])


class Keys:
    """The keys of a log, oldest first."""

    def __init__(self, origin: str, keys: Sequence[Key] = (), strays: Sequence[Key] = ()) -> None:
        self.origin, self.keys = origin, tuple(keys)
        #: Keys the archive names that do not follow from the one that is trusted.
        self.strays = tuple(strays)

    @classmethod
    def read(cls, root: Path, origin: str) -> "Keys":
        """Return those of the archive, none when it has no file of them; raises Unreadable."""
        try:
            document = json.loads((root / FILE).read_bytes())
            if document["format"] != FORMAT:
                raise Unreadable(FILE, "it is of another format")
            return cls.from_list(origin, document["keys"])
        except FileNotFoundError:
            return cls(origin)
        except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise Unreadable(FILE, "it cannot be read as a list of keys") from None

    @classmethod
    def from_list(cls, origin: str, entries: Sequence[dict[str, Any]]) -> "Keys":
        """Return the keys `as_list` gives; raises ValueError, KeyError or TypeError for others."""
        return cls(origin, [_key(one) for one in entries])

    def as_list(self) -> list[dict[str, str | None]]:
        """Return them as JSON has them."""
        return [
            {
                "verifier": key.verifier.text,
                "from": moment(key.since),
                "until": None if key.until is None else moment(key.until),
                "statement": key.statement,
            }
            for key in self.keys
        ]

    def to_json(self) -> bytes:
        """Return them as the archive has them."""
        document = {"format": FORMAT, "keys": self.as_list()}
        return json.dumps(document, indent=2, ensure_ascii=False).encode() + b"\n"

    def verifiers_at(self, time: datetime) -> list[Verifier]:
        """Return the keys that may sign then."""
        return [key.verifier for key in self.keys if key.signs_at(time)]

    def all_verifiers(self) -> list[Verifier]:
        """Return the keys, whenever they may sign."""
        return [key.verifier for key in self.keys]

    def trusting(self, verifier: Verifier | None = None) -> "Keys":
        """Return those that follow from one key, or from the first when none is given.

        Trust goes both ways along the statements, for both keys signed each. A key the archive
        does not name is trusted alone, whenever it signed.
        """
        keys = self.keys
        if verifier is None and not keys:
            return self
        at = next((n for n, key in enumerate(keys) if key.verifier == verifier), -1)
        if verifier is not None and at < 0:
            return Keys(self.origin, [Key(verifier, _BEGINNING)], keys)
        first = last = max(at, 0)
        while first > 0 and self._follows(keys[first - 1], keys[first]):
            first -= 1
        while last + 1 < len(keys) and self._follows(keys[last], keys[last + 1]):
            last += 1
        return Keys(self.origin, keys[first : last + 1], keys[:first] + keys[last + 1 :])

    def check(self) -> list[Finding]:
        """Return what is wrong with them: each that does not follow from the one before."""
        found = [
            _not_followed(after, f"does not follow from {before.verifier.name}")
            for before, after in pairwise(self.keys)
            if not self._follows(before, after)
        ]
        found += [
            _not_followed(key, "does not follow from the key that is trusted")
            for key in self.strays
        ]
        return found

    def _follows(self, before: Key, after: Key) -> bool:
        if before.until is None or not before.since <= after.since <= before.until:
            return False
        try:
            opened = open_note(after.statement or "", [before.verifier, after.verifier])
        except BadNote:
            return False
        said = succession(self.origin, before, after)
        return opened.text == said and len(opened.verifiers) == 2


def _not_followed(key: Key, why: str) -> Finding:
    text = f"the key {key.verifier.name} {why}"
    return Finding(Verdict.FORGED, "key_not_followed", text, file=FILE)


def _key(one: dict[str, Any]) -> Key:
    statement, until = one["statement"], one["until"]
    verifier = Verifier.parse(one["verifier"])
    if verifier.kind != SIGNS or not isinstance(statement, str | None):
        raise ValueError("no key that signs checkpoints")
    return Key(verifier, parse_moment(one["from"]), until and parse_moment(until), statement)
