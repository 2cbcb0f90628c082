"""The audit's HTTP side of proofs: checkpoints, proofs, and the witnesses' cosignatures."""

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Annotated, Any, TypeVar

from fastapi import Depends, FastAPI, Query, Response
from pydantic import BaseModel, ConfigDict, Field

from audit.archive import NotAnArchive, Unreadable
from audit.checkpoints import Ledger, parse_checkpoint
from audit.notes import BadNote, Verifier, parse_signature, split
from audit.proofs import NoProof, document_of, prove_growth, prove_record
from audit.serving import Allow
from audit.trees import Tree
from plumbing.serving import ProblemRaised

MOST_NOTES = 200

Place = tuple[str, int]
_Answer = TypeVar("_Answer")
Topic = Annotated[str, Query(pattern=r"^[a-z0-9.-]{1,80}$")]
Partition = Annotated[int, Query(ge=0, le=9_999)]
Count = Annotated[int, Query(ge=0, le=10**15)]


class Cosignature(BaseModel):
    """A witness's signature line for a checkpoint of a topic-partition with that many records."""

    model_config = ConfigDict(extra="forbid", hide_input_in_errors=True)

    topic: str = Field(pattern=r"^[a-z0-9.-]{1,80}$")
    partition: int = Field(ge=0, le=9_999)
    size: int = Field(ge=0, le=10**15)
    line: str = Field(max_length=1_000)


class Proving:
    """Answers from the archive; of each tree what was computed once is kept."""

    def __init__(self, root: Path, witnesses: Sequence[Verifier]) -> None:
        self._root, self._ledger, self._lock = root, Ledger(root), threading.Lock()
        self._trees: dict[Place, Tree] = {}
        self._witnesses = {(one.name, one.key_id): one for one in witnesses}

    def all_newest(self) -> dict[str, Any]:
        """Return the log's name, its keys and the newest checkpoint of each place."""
        places = [(*place, self._ledger.last(*place)) for place in self._ledger.places()]
        keys = _told(self._ledger.keys)
        return {
            "origin": keys.origin,
            "keys": keys.as_list(),
            "places": [
                {"topic": topic, "partition": partition, "note": note}
                for topic, partition, note in places
                if note is not None
            ],
        }

    def checkpoints(self, place: Place, after: int, limit: int) -> dict[str, Any]:
        """Return checkpoints of a place after so many, oldest first, and its cosignatures."""
        notes: list[dict[str, Any]] = []
        for line, note in self._ledger.notes(*place):
            if line > after and len(notes) < limit:
                notes.append({"line": line, "note": note})
        lines = [
            {"size": size, "line": line} for _, size, line in self._ledger.cosignatures(*place)
        ]
        return {"checkpoints": notes, "cosignatures": lines[-limit:]}

    def inclusion(self, place: Place, offset: int) -> dict[str, Any]:
        """Return the proof that a record is on the log."""
        return self._proof(place, lambda tree: prove_record(self._ledger, tree, place, offset))

    def consistency(self, place: Place, size: int, later: int | None) -> dict[str, Any]:
        """Return the proof that the log grew from one size to that of a later checkpoint."""
        return self._proof(place, lambda tree: prove_growth(self._ledger, tree, place, size, later))

    def cosign(self, asked: Cosignature) -> bool:
        """Keep a cosignature; return whether it is new. Raises a problem for one that is not good.

        It is of a witness we know and holds for a checkpoint of ours.
        """
        place = asked.topic, asked.partition
        try:
            signature = parse_signature(asked.line)
        except BadNote:
            raise _refused("cosignature-malformed", "It is no signature line.") from None
        verifier = self._witnesses.get((signature.name, signature.key_id))
        if verifier is None:
            raise _refused("witness-unknown", "No witness we know has that key.")
        with self._lock:
            texts = _texts(self._ledger, place, asked.size)
            texts = [text for text in texts if verifier.holds(text, signature.signature)]
            if not texts:
                raise _refused("cosignature-not-valid", "It is of no checkpoint of that size.")
            # One of each checkpoint is enough, the first; more would only fill the disk.
            kept = self._ledger.cosignatures(*place)
            if any(
                size == asked.size and _cosigned(verifier, texts, line) for _, size, line in kept
            ):
                return False
            self._ledger.append_cosignature(*place, asked.size, asked.line)
            return True

    def _proof(self, place: Place, prove: Callable[[Tree], dict[str, Any]]) -> dict[str, Any]:
        keys = _told(self._ledger.keys)
        # One at a time: a proof reads much, and the next finds what this one computed.
        with self._lock:
            proof = _told(lambda: self._proved(place, prove))
        return document_of(keys.origin, keys, [proof])

    def _proved(self, place: Place, prove: Callable[[Tree], dict[str, Any]]) -> dict[str, Any]:
        tree = self._trees.get(place)
        if tree is not None:
            try:
                return prove(tree)
            except (NoProof, Unreadable):
                # It grew since, or files were merged.
                tree.refresh()
                return prove(tree)
        # A place without checkpoints is never asked about its records.
        if place not in self._ledger.places():
            raise NoProof(f"no checkpoint of {place[0]}/{place[1]}")
        tree = self._trees[place] = Tree(self._root, *place)
        return prove(tree)


def add_routes(app: FastAPI, root: Path, allow: Allow, witnesses: Sequence[Verifier] = ()) -> None:
    """Add the routes to the app; every one is for those who may audit."""
    proving, may = Proving(root, witnesses), [Depends(allow)]

    @app.get("/v1/audit/checkpoints", dependencies=may)
    def newest_checkpoints() -> dict[str, Any]:
        """Return the log's name, its keys and the newest checkpoint of each topic-partition."""
        return proving.all_newest()

    @app.get("/v1/audit/checkpoints/{topic}/{partition}", dependencies=may)
    def checkpoints(
        topic: str,
        partition: int,
        after: Count = 0,
        limit: Annotated[int, Query(ge=1, le=MOST_NOTES)] = MOST_NOTES,
    ) -> dict[str, Any]:
        """Return the checkpoints of a topic-partition after the line `after`, oldest first."""
        place = topic, partition
        if place not in Ledger(root).places():
            raise _nothing(f"no checkpoint of {topic}/{partition}")
        return proving.checkpoints(place, after, limit)

    @app.get("/v1/audit/proofs/inclusion", dependencies=may)
    def inclusion(topic: Topic, partition: Partition, offset: Count) -> dict[str, Any]:
        """Return the proof that a record is in the newest checkpoint of its place."""
        return proving.inclusion((topic, partition), offset)

    @app.get("/v1/audit/proofs/consistency", dependencies=may)
    def consistency(
        topic: Topic, partition: Partition, size: Count, later: Count | None = None
    ) -> dict[str, Any]:
        """Return the proof that the log of `size` records is the beginning of a later one."""
        return proving.consistency((topic, partition), size, later)

    @app.post("/v1/audit/cosignatures", status_code=201, dependencies=may)
    def cosignatures(asked: Cosignature, response: Response) -> dict[str, Any]:
        """Keep a witness's cosignature; 201 when it is new, 200 when it was there."""
        is_new = proving.cosign(asked)
        response.status_code = 201 if is_new else 200
        return {"kept": True, "new": is_new}


def _cosigned(verifier: Verifier, texts: Sequence[str], line: str) -> bool:
    """Return whether a line that is kept is the witness's, and of one of the texts."""
    try:
        signature = parse_signature(line)
    except BadNote:
        return False
    if (signature.name, signature.key_id) != (verifier.name, verifier.key_id):
        return False
    return any(verifier.holds(text, signature.signature) for text in texts)


def _texts(ledger: Ledger, place: Place, size: int) -> list[str]:
    if place not in ledger.places():
        return []
    found = []
    for _, note in ledger.notes(*place):
        if f"\n{size}\n" not in note:
            continue
        try:
            text = split(note)[0]
            if parse_checkpoint(text).size == size:
                found.append(text)
        except BadNote:
            continue
    return found


def _told(ask: Callable[[], _Answer]) -> _Answer:
    """Return the answer, what stands in its way as a problem."""
    try:
        return ask()
    except (NoProof, NotAnArchive) as error:
        raise _nothing(str(error)) from None
    except Unreadable:
        text = "A file of the archive cannot be read."
        raise ProblemRaised(503, "archive-unreadable", "Archive not readable", text) from None


def _nothing(text: str) -> ProblemRaised:
    return ProblemRaised(404, "not-provable", "Nothing to prove it by", f"{text}.")


def _refused(name: str, text: str) -> ProblemRaised:
    return ProblemRaised(422, name, "Cosignature not taken", text)
