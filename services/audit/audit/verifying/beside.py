"""What stands beside records and checkpoints: parts a merge left, cosignatures, time stamps."""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path

from cryptography.x509 import Certificate

from audit.archive import Listing
from audit.checkpoints import TIMESTAMPS, Ledger
from audit.findings import Verdict
from audit.notes import BadNote, Verifier, digest_of, parse_signature, split
from audit.parts import is_left_of_merge, whole_of
from audit.proof_checks import cosignature_findings
from audit.timestamps import timestamp_findings
from audit.verifying.collecting import Findings, Place


def look_at_parts(root: Path, files: Listing, found: Findings) -> None:
    """Tell of each file that lies within another and has other records: others would read them."""
    for part in files.superseded:
        whole = whole_of(part, files.segments)
        # A merge that goes on may have taken it away meanwhile.
        if not is_left_of_merge(root, part, whole) and (root / part.file).exists():
            text = f"its records are not those {whole.file} has in their place"
            found.add(Verdict.UNREADABLE, "file_foreign", text, file=part.file)


def look_at_cosignatures(
    ledger: Ledger, places: Iterable[Place], witnesses: Sequence[Verifier], found: Findings
) -> dict[str, int]:
    """Tell of cosignatures that do not hold, or of checkpoints that are not there any more.

    Whether they hold is only known of the witnesses whose keys are given; returns how many the
    archive has of each of them, by name.
    """
    counts = {(one.name, one.key_id): 0 for one in witnesses}
    for place in places:
        try:
            for finding in cosignature_findings(ledger, place, witnesses):
                found.keep(finding)
            for _, _, line in ledger.cosignatures(*place) if counts else ():
                with suppress(BadNote):
                    one = parse_signature(line)
                    if (one.name, one.key_id) in counts:
                        counts[one.name, one.key_id] += 1
        except OSError:
            _unreadable(found, ledger.file(*place, "cosignatures"))
    return {name: count for (name, _), count in counts.items()}


def look_at_stamps(root: Path, certificate: Certificate | None, found: Findings) -> int:
    """Tell of time stamps of checkpoints that are not there, and, by a root, of those not good.

    Returns how many were not checked because no root was given.
    """
    ledger = Ledger(root)
    missing = {path.stem for path in (root / TIMESTAMPS).glob("*.tsr") if path.name[0] != "."}
    unchecked = 0 if certificate else len(missing)
    for place in ledger.places() if missing else ():
        try:
            missing.difference_update(_digest(note) for _, note in ledger.notes(*place))
        except OSError:
            _unreadable(found, ledger.file(*place))
    for name in sorted(missing):
        text = "it is of a checkpoint that is not here"
        file = f"{TIMESTAMPS}/{name}.tsr"
        found.add(Verdict.INCOMPLETE, "checkpoint_missing", text, file=file)
    for finding in timestamp_findings(root, certificate) if certificate else ():
        found.keep(finding)
    return unchecked


def _digest(note: str) -> str:
    try:
        return digest_of(split(note)[0])
    except BadNote:
        return ""


def _unreadable(found: Findings, file: str) -> None:
    found.add(Verdict.UNREADABLE, "file_unreadable", "it cannot be read", file=file)
