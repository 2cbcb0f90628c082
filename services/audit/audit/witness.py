"""A witness: remembers what it saw of each log and cosigns only what grew out of that.

It cosigns a checkpoint after its state is lasting, so it never cosigns two roots of one size.
"""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from audit.archive import write_file
from audit.checkpoints import Checkpoint, Ledger
from audit.findings import Finding, Verdict
from audit.keys import Keys
from audit.merkle import is_consistent
from audit.notes import Signer, Verifier, cosign
from audit.proof_checks import Place, open_checkpoint
from audit.proofs import NoProof
from audit.trees import Tree

FILE = "witness.json"
FORMAT = 1


class BadState(Exception):
    """What the witness remembers cannot be read, or is of another log; the text says which."""


class Source(Protocol):
    """Where a witness sees a log: an archive's folder, or the service."""

    def origin(self) -> str:
        """Return the name of the log."""

    def keys(self) -> Keys:
        """Return the keys the log names."""

    def places(self) -> list[Place]:
        """Return the topic-partitions with checkpoints."""

    def newest(self, place: Place) -> str:
        """Return the newest checkpoint's note; raises NoProof."""

    def consistency(self, place: Place, size: int, later: int) -> list[bytes]:
        """Return the path of RFC 6962 from one size to the other; raises NoProof."""


class Folder:
    """An archive's folder as what a witness sees; raises NotAnArchive and Unreadable."""

    def __init__(self, root: Path) -> None:
        self._root, self._ledger = root, Ledger(root)

    def origin(self) -> str:
        """Return the name of the log."""
        return self._ledger.origin()

    def keys(self) -> Keys:
        """Return the keys the archive names."""
        return self._ledger.keys()

    def places(self) -> list[Place]:
        """Return the topic-partitions with checkpoints."""
        return self._ledger.places()

    def newest(self, place: Place) -> str:
        """Return the newest checkpoint's note; raises NoProof."""
        note = self._ledger.last(*place)
        if note is None:
            raise NoProof(f"no checkpoint of {place[0]}/{place[1]} any more")
        return note

    def consistency(self, place: Place, size: int, later: int) -> list[bytes]:
        """Return the path, computed from the records; raises NoProof."""
        tree = Tree(self._root, *place)
        if later > tree.size:
            raise NoProof("the archive has fewer records than its newest checkpoint says")
        return tree.consistency(size, later)


@dataclass(frozen=True)
class Seen:
    """What a witness saw last of a place."""

    size: int
    root: bytes


@dataclass(frozen=True)
class Cosigned:
    """A checkpoint a witness cosigned: its place and size, and the signature line."""

    place: Place
    size: int
    line: str


@dataclass
class Witness:
    """Cosigns the newest checkpoints of a log, by a key and what it remembers in a folder.

    `signer` has a key that cosigns. Raises BadState.
    """

    signer: Signer
    state: Path
    origin: str = ""
    seen: dict[str, Seen] = field(default_factory=dict)

    def __post_init__(self) -> None:
        try:
            kept = json.loads((self.state / FILE).read_bytes())
            if kept["format"] != FORMAT:
                raise BadState("the witness's state is of another format")
            self.origin = str(kept["origin"])
            self.seen = {name: _seen(one) for name, one in kept["seen"].items()}
        except FileNotFoundError:
            return
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            raise BadState("the witness's state cannot be read") from None

    def look(
        self, source: Source, trusted: Verifier | None, now: datetime
    ) -> tuple[list[Cosigned], list[Finding]]:
        """Return what was cosigned and what is wrong; raises BadState for another log.

        Raises what the source raises. Without a trusted key the log's first is believed.
        """
        origin = source.origin()
        if self.origin not in ("", origin):
            raise BadState(f"the witness watches {self.origin}, and this is {origin}")
        keys = source.keys().trusting(trusted)
        fresh: list[tuple[Place, Checkpoint]] = []
        findings = list(keys.check())
        for place in self._places(source):
            checkpoint, wrong = self._judge(source, keys, origin, place)
            findings += wrong
            if checkpoint is not None and not wrong:
                fresh.append((place, checkpoint))
        self.origin = origin
        self._remember(fresh)
        cosigned = [
            Cosigned(place, one.size, cosign(one.text(), self.signer, now)) for place, one in fresh
        ]
        return cosigned, findings

    def _places(self, source: Source) -> list[Place]:
        remembered = [_place(name) for name in self.seen]
        return sorted({*source.places(), *remembered})

    def _judge(
        self, source: Source, keys: Keys, origin: str, place: Place
    ) -> tuple[Checkpoint | None, list[Finding]]:
        try:
            checkpoint, wrong = open_checkpoint(source.newest(place), keys, origin, place)
            if checkpoint is None or wrong:
                return None, wrong
            seen = self.seen.get(_name(place), Seen(0, b""))
            return checkpoint, _growth(source, place, seen, checkpoint)
        except NoProof as no:
            return None, [Finding(Verdict.INCOMPLETE, "tail_missing", str(no), *place)]

    def _remember(self, fresh: Iterable[tuple[Place, Checkpoint]]) -> None:
        self.seen |= {_name(place): Seen(one.size, one.root) for place, one in fresh}
        kept = {
            "format": FORMAT,
            "origin": self.origin,
            "seen": {
                name: {"size": one.size, "root": base64.b64encode(one.root).decode()}
                for name, one in sorted(self.seen.items())
            },
        }
        self.state.mkdir(parents=True, exist_ok=True)
        write_file(self.state / FILE, json.dumps(kept, indent=1).encode() + b"\n")


def _growth(source: Source, place: Place, seen: Seen, checkpoint: Checkpoint) -> list[Finding]:
    """Return why a checkpoint is not what grew out of what was seen."""
    if checkpoint.size < seen.size:
        text = f"the log ends at {checkpoint.size} records; this witness saw {seen.size}"
        return [Finding(Verdict.INCOMPLETE, "tail_missing", text, *place)]
    if seen.size == 0:
        return []
    path = source.consistency(place, seen.size, checkpoint.size)
    if is_consistent(seen.size, checkpoint.size, seen.root, checkpoint.root, path):
        return []
    text = (
        f"the log of {checkpoint.size} records does not begin with the {seen.size} this "
        "witness saw: its history was rewritten"
    )
    return [Finding(Verdict.DIVERGED, "checkpoints_fork", text, *place)]


def _name(place: Place) -> str:
    return f"{place[0]}/{place[1]}"


def _place(name: str) -> Place:
    topic, _, partition = name.rpartition("/")
    return topic, int(partition)


def _seen(kept: dict[str, Any]) -> Seen:
    root = base64.b64decode(kept["root"], validate=True)
    if len(root) != 32 or not isinstance(kept["size"], int):
        raise ValueError("nothing a witness saw")
    return Seen(kept["size"], root)
