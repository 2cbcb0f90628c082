"""Checks checkpoints and proofs by keys alone, with no archive and no network."""

import base64
import hashlib
import struct
from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from audit.checkpoints import Checkpoint, Ledger, parse_checkpoint, place_origin
from audit.findings import Finding, Verdict
from audit.keys import Keys
from audit.leaves import headers_digest, leaf_input, value_digest
from audit.merkle import is_consistent, leaf_hash, root_from_inclusion
from audit.notes import (
    BAD_SIGNATURE,
    MALFORMED,
    BadNote,
    Verifier,
    open_note,
    parse_signature,
    split,
)
from audit.proofs import FORMAT, GROWTH, RECORD
from audit.report.saying import Said

Place = tuple[str, int]
#: What says that a text is not what it should be, when parts of it are read.
_ODD = (
    ValueError,
    KeyError,
    TypeError,
    AttributeError,
    IndexError,
    OverflowError,
    RecursionError,
    struct.error,
)


def open_checkpoint(
    note: str, keys: Keys, origin: str, place: Place
) -> tuple[Checkpoint | None, list[Finding]]:
    """Return a place's checkpoint and what is wrong with it; no checkpoint if it cannot be read.

    It is signed by a key of the log that was to sign then, and it is of that place.
    """
    try:
        checkpoint = parse_checkpoint(split(note)[0])
    except BadNote:
        text = "a checkpoint is no signed note of ours"
        return None, [_at(place, Verdict.UNREADABLE, "note_malformed", text)]
    findings = _signature_findings(note, checkpoint, keys, place)
    if checkpoint.origin != place_origin(origin, *place):
        text = f"the checkpoint is of {checkpoint.origin}"
        findings.append(_at(place, Verdict.FORGED, "checkpoint_of_another_log", text))
    return checkpoint, findings


def cosignature_findings(
    ledger: Ledger, place: Place, witnesses: Sequence[Verifier]
) -> list[Finding]:
    """Return what is wrong with the cosignatures the archive has of a place.

    Those of keys that are not asked for are only looked at for their form. A cosignature of a
    checkpoint that is not there is told: the archive knew more once.
    """
    # Before the checkpoints are read: one that is cosigned was there by then.
    cosigned = list(ledger.cosignatures(*place))
    sizes = {size for _, size, _ in cosigned}
    texts: dict[int, list[str]] = {}
    for _, note in ledger.notes(*place) if cosigned else ():
        try:
            text = split(note)[0]
            if (size := parse_checkpoint(text).size) in sizes:
                texts.setdefault(size, []).append(text)
        except BadNote:
            continue
    known = {(one.name, one.key_id): one for one in witnesses}
    found = (
        _cosignature_finding(place, size, line, texts.get(size), known)
        for _, size, line in cosigned
    )
    return [one for one in found if one is not None]


def cosigned_by(ledger: Ledger, place: Place, note: str, witnesses: Iterable[Verifier]) -> set[str]:
    """Return the names of the witnesses whose cosignature of this checkpoint holds."""
    text = split(note)[0]
    known = {(one.name, one.key_id): one for one in witnesses}
    names = set()
    for _, _, line in ledger.cosignatures(*place):
        try:
            signature = parse_signature(line)
        except BadNote:
            continue
        verifier = known.get((signature.name, signature.key_id))
        if verifier is not None and verifier.holds(text, signature.signature):
            names.add(verifier.name)
    return names


def check_document(document: Any, trusted: Verifier | None) -> tuple[list[Finding], list[Said]]:
    """Return what is wrong with a document of proofs, and what its proofs show, a sentence each.

    Without a trusted key the first key of the document is believed.
    """
    try:
        origin, proofs = str(document["origin"]), list(document["proofs"])
        keys = Keys.from_list(origin, document["keys"]).trusting(trusted)
        form = document["format"]
    except _ODD:
        return [_unreadable("it is no document of proofs")], []
    if form != FORMAT or not proofs:
        return [_unreadable("it is of another format, or there is no proof in it")], []
    findings: list[Finding] = []
    shown: list[Said] = []
    for proof in proofs:
        try:
            findings += _check(origin, keys, proof, shown)
        except _ODD:
            findings.append(_unreadable("a proof cannot be read"))
    return findings, shown


def shown_finding(finding: Finding) -> dict[str, Any]:
    """Return a finding as JSON has it; what is not known is left out."""
    known = {name: value for name, value in asdict(finding).items() if value is not None}
    return known | {"verdict": finding.verdict.name.lower()}


def _signature_findings(
    note: str, checkpoint: Checkpoint, keys: Keys, place: Place
) -> list[Finding]:
    try:
        opened = open_note(note, keys.all_verifiers())
    except BadNote as bad:
        if bad.reason == MALFORMED:
            return [_at(place, Verdict.UNREADABLE, "note_malformed", "a checkpoint is no note")]
        text = "does not hold" if bad.reason == BAD_SIGNATURE else "is of no key that is trusted"
        return [_at(place, Verdict.FORGED, bad.reason, f"the signature of a checkpoint {text}")]
    if set(opened.verifiers) & set(keys.verifiers_at(checkpoint.time)):
        return []
    text = f"{', '.join(opened.by)} signed a checkpoint at a time it was not to sign"
    return [_at(place, Verdict.FORGED, "key_not_valid", text)]


def _cosignature_finding(
    place: Place,
    size: int,
    line: str,
    texts: list[str] | None,
    known: dict[tuple[str, bytes], Verifier],
) -> Finding | None:
    try:
        signature = parse_signature(line)
    except BadNote:
        text = "a cosignature is no signature line"
        return _at(place, Verdict.UNREADABLE, "note_malformed", text)
    if texts is None:
        text = f"{signature.name} cosigned a checkpoint of {size} records that is not here"
        return _at(place, Verdict.INCOMPLETE, "tail_missing", text)
    verifier = known.get((signature.name, signature.key_id))
    if verifier is None or any(verifier.holds(text, signature.signature) for text in texts):
        return None
    text = f"{signature.name} did not cosign the checkpoint of {size} records that is here"
    return _at(place, Verdict.FORGED, BAD_SIGNATURE, text)


def _check(origin: str, keys: Keys, proof: dict[str, Any], shown: list[Said]) -> list[Finding]:
    place = str(proof["topic"]), int(proof["partition"])
    checkpoint, findings = open_checkpoint(proof["checkpoint"], keys, origin, place)
    if checkpoint is None or findings:
        return findings
    if proof["kind"] == GROWTH:
        return _check_growth(origin, keys, place, proof, checkpoint, shown)
    if proof["kind"] == RECORD:
        return _check_record(place, proof, checkpoint, shown)
    return [_unreadable("a proof is of another kind")]


def _check_record(
    place: Place, proof: dict[str, Any], checkpoint: Checkpoint, shown: list[Said]
) -> list[Finding]:
    record, offset = proof["record"], int(proof["record"]["offset"])
    value = _bytes(record["value"])
    leaf, path = _leaf(record, value), [_digest(text) for text in proof["path"]]
    root = root_from_inclusion(int(proof["index"]), checkpoint.size, leaf, path)
    if root != checkpoint.root:
        text = "the record is not in the log the checkpoint is of"
        return [_at(place, Verdict.ALTERED, "root_differs", text, offset)]
    said = {"record": f"{place[0]}/{place[1]}/{offset}", "when": checkpoint.time}
    if value is None:
        shown.append(Said("proved.no_value", said))
    else:
        digest = hashlib.sha256(value).hexdigest()
        shown.append(Said("proved.record", {**said, "digest": digest}))
    return []


def _check_growth(
    origin: str,
    keys: Keys,
    place: Place,
    proof: dict[str, Any],
    checkpoint: Checkpoint,
    shown: list[Said],
) -> list[Finding]:
    size, root = int(proof["size"]), _digest(proof["root"])
    if proof["earlier"] is not None:
        earlier, wrong = open_checkpoint(proof["earlier"], keys, origin, place)
        if earlier is None or wrong:
            return wrong
        size, root = earlier.size, earlier.root
    path = [_digest(text) for text in proof["path"]]
    if not is_consistent(size, checkpoint.size, root, checkpoint.root, path):
        text = f"the log of {checkpoint.size} records did not grow out of that of {size}"
        return [_at(place, Verdict.DIVERGED, "checkpoints_fork", text)]
    grown = {"records": checkpoint.size, "when": checkpoint.time}
    begins = {"size": size, "root": base64.b64encode(root).decode()}
    shown.append(Said("proved.growth", {"place": f"{place[0]}/{place[1]}", **grown, **begins}))
    return []


def _leaf(record: dict[str, Any], value: bytes | None) -> bytes:
    headers = headers_digest((str(name), _bytes(text)) for name, text in record["headers"])
    at, offset, key = int(record["timestamp_ms"]), int(record["offset"]), _bytes(record["key"])
    return leaf_hash(leaf_input(offset, at, key, headers, value_digest(value)))


def _at(place: Place, verdict: Verdict, kind: str, text: str, offset: int | None = None) -> Finding:
    return Finding(verdict, kind, text, place[0], place[1], offset)


def _unreadable(text: str) -> Finding:
    return Finding(Verdict.UNREADABLE, "file_unreadable", text)


def _digest(text: str) -> bytes:
    digest = base64.b64decode(text, validate=True)
    if len(digest) != 32:
        raise ValueError("no digest")
    return digest


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else base64.b64decode(text, validate=True)
