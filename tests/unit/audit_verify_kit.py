"""Archives with signed checkpoints, and ways to tamper with them."""

import atexit
import shutil
import tempfile
from collections import defaultdict
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.archive import SCHEMA, Segment, listing, read, write_file
from audit.checkpoints import NONE_BEFORE, Checkpoint, Ledger, place_origin
from audit.findings import Finding
from audit.keys import FILE, Key, Keys
from audit.leaves import headers_digest, leaf_input, value_digest
from audit.merkle import Frontier, leaf_hash
from audit.notes import Signer, digest_of, sign
from audit.verifying.results import Asked, Report
from audit.verifying.verify import verify
from contracts.envelope import decode, encode, sha256
from tests.unit.archive_kit import ORIGIN, Log, Written, a_log, archive

SIGNER = Signer("audit", Ed25519PrivateKey.from_private_bytes(bytes(range(32))))
STRANGER = Signer("audit", Ed25519PrivateKey.from_private_bytes(bytes(32)))
INTAKE, ROUTING = "dossier.intake.v1", "dossier.routing.v1"
REGISTRY, NOTIFICATION = "dossier.registry.v1", "dossier.notification.v1"
EVERY = 7
Place = tuple[str, int]


def a_sealed(root: Path, log: Log | None = None, *, rows: int = 12) -> tuple[Path, Log]:
    """Write a sound archive with a checkpoint every few records; return it and its log."""
    if log is None and rows == 12:
        shutil.copytree(_made_once(), root, dirs_exist_ok=True)
        return root, some_days()
    log = log or some_days()
    archive(root, log, rows=rows)
    seal(root, log)
    return root, log


@cache
def _made_once() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="sealed-")
    atexit.register(folder.cleanup)
    root = Path(folder.name)
    archive(root, some_days(), rows=12)
    seal(root, some_days())
    return root


def some_days() -> Log:
    """Return a log of some days."""
    return a_log(60, minutes=60)


def by_place(log: Log) -> dict[Place, list[Written]]:
    """Return the records of each topic-partition in order."""
    found: dict[Place, list[Written]] = defaultdict(list)
    for record in log.records:
        found[record.topic, record.partition].append(record)
    return found


def leaf_of(record: Written) -> bytes:
    """Return a record's leaf, as `audit.leaves` says it."""
    at = int(record.at.timestamp() * 1000)
    digests = headers_digest(record.headers), value_digest(record.value)
    return leaf_hash(leaf_input(record.offset, at, record.key, *digests))


def seal(root: Path, log: Log, signer: Signer = SIGNER, origin: str = ORIGIN) -> None:
    """Write checkpoints over the log, and the key."""
    since = Key(signer.verifier, datetime(2020, 1, 1, tzinfo=UTC))
    write_file(root / FILE, Keys(origin, [since]).to_json())
    for place, records in by_place(log).items():
        for note in notes_of(place, records, signer, origin):
            Ledger(root).append(*place, note)


def notes_of(
    place: Place, records: Sequence[Written], signer: Signer = SIGNER, origin: str = ORIGIN
) -> list[str]:
    """Return the signed checkpoints over the records of a place."""
    tree, previous, notes = Frontier(), NONE_BEFORE, []
    for number, record in enumerate(records, 1):
        tree.append(leaf_of(record))
        if number % EVERY == 0 or number == len(records):
            name, at = place_origin(origin, *place), record.at.astimezone(UTC)
            one = Checkpoint(
                name, number, tree.root(), record.offset + 1, at.replace(microsecond=0), previous
            )
            notes.append(sign(one.text(), [signer]))
            previous = digest_of(one.text())
    return notes


def attacked(tmp_path: Path, change: Callable[[Log], None]) -> Report:
    """Return what is found when the log was changed, written anew, and the checkpoints kept."""
    sound, _ = a_sealed(tmp_path / "sound")
    log = some_days()
    change(log)
    root = archive(tmp_path / "attacked", log, rows=12)
    for name in ("checkpoints", FILE):
        if (sound / name).is_dir():
            shutil.copytree(sound / name, root / name)
        else:
            shutil.copy(sound / name, root / name)
    return verify(root, Asked())


def rechain(log: Log, changed: Written) -> None:
    """Give the later events of a record's chain the hashes they would have had."""
    event = decode(changed.value or b"")
    before = changed
    for record in log.records[log.records.index(changed) + 1 :]:
        if record.topic == changed.topic and record.key == changed.key:
            later = decode(record.value or b"")
            assert later.dossierid == event.dossierid
            fixed = later.model_copy(update={"prevhash": sha256(before.value or b"")})
            record.value, before = encode(fixed), record


def renumber(log: Log) -> None:
    """Give the records of each place the offsets 0, 1, 2 …"""
    for records in by_place(log).values():
        for offset, record in enumerate(records):
            record.offset = offset


def edit(root: Path, segment: Segment, change: Callable[[list[dict[str, object]]], None]) -> None:
    """Change rows of a file where it lies; derived columns stay as they are unless changed."""
    rows = read(root, segment).to_pylist()
    change(rows)
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), root / segment.file)


def files_of(root: Path, topic: str, partition: int) -> list[Segment]:
    """Return the files of a place."""
    return listing(root).by_place()[topic, partition]


def kinds(report: Report) -> set[str]:
    """Return the kinds of what was found."""
    return {finding.kind for finding in report.findings}


def named(report: Report, kind: str) -> list[Finding]:
    """Return the findings of a kind."""
    return [finding for finding in report.findings if finding.kind == kind]
