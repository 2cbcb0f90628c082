"""Archives of millions of invented events, written fast: real bytes, chains, trees, signatures.

Run as `python -m tests.bench.big_archive FOLDER EVENTS`. The events are those of `archive_kit`,
with other dossiers, moments and hashes put in; identifiers count instead of being derived.
"""

import hashlib
import sys
import time
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pyarrow as pa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.archive import SCHEMA, Segment, create, day_of, write_file, write_segment
from audit.checkpoints import NONE_BEFORE, Checkpoint, Ledger, place_origin
from audit.keys import FILE, Key, Keys
from audit.merkle import Frontier
from audit.notes import Signer, digest_of, sign
from audit.verifying.rows import rows_of
from contracts.envelope import CONTENT_TYPE, GENESIS, decode
from contracts.topics import LIFECYCLE, PARTITIONS
from tests.unit.archive_kit import ORIGIN, START, a_log

#: A day has so many dossiers of a partition at most; a file holds a day's.
A_DAY = 4_096
SIGNER = Signer("bench", Ed25519PrivateKey.from_private_bytes(bytes(32)))
Place = tuple[str, int]


@dataclass(frozen=True)
class Template:
    """An event to fill in: id, code, time, dossier, hash before, cause and its hash."""

    topic: str
    type: str
    sequence: int
    body: bytes
    cause: int


def templates() -> list[Template]:
    """Return the events of one dossier, in the order they are written."""
    found: list[Template] = []
    ids: list[str] = []
    for record in a_log(1).records:
        event = decode(record.value or b"")
        body = (record.value or b"").replace(b"%", b"%%")
        _, _, rest = body.partition(b'"data":')
        head = (
            f'{{"specversion":"1.0","id":"%b","type":"{event.type}","source":"{event.source}"'
            f',"subject":"%b","time":"%b","datacontenttype":"application/json"'
            f',"dossierid":"%b","sequence":{event.sequence},"prevhash":"%b"'
            f',"causeid":"%b","causehash":"%b","data":'
        )
        cause = ids.index(event.causeid) if event.causeid in ids else -1
        template = head.encode() + rest
        found.append(Template(record.topic, event.type, event.sequence, template, cause))
        ids.append(str(event.id))
    return found


@dataclass
class _Column:
    ids: list[bytes]
    values: list[bytes]
    codes: list[bytes]
    keys: list[bytes]
    times: list[int]
    kinds: list[str]
    sequences: list[int]


class BigArchive:
    """Writes an archive day by day."""

    def __init__(self, root: Path) -> None:
        self.root, self.ledger = root, Ledger(root)
        self.templates = templates()
        self.trees: dict[Place, Frontier] = defaultdict(Frontier)
        self.previous: dict[Place, str] = defaultdict(lambda: NONE_BEFORE)
        create(root, ORIGIN)
        key = Key(SIGNER.verifier, datetime(2020, 1, 1, tzinfo=UTC))
        write_file(root / FILE, Keys(ORIGIN, [key]).to_json())

    def write(self, events: int) -> None:
        """Add so many events, about."""
        dossiers = events // len(self.templates)
        for day, first in enumerate(range(0, dossiers, A_DAY * PARTITIONS)):
            numbers = range(first, min(first + A_DAY * PARTITIONS, dossiers))
            for partition in range(PARTITIONS):
                mine = numbers[partition::PARTITIONS]
                if mine:
                    self._write_day(partition, mine, START + timedelta(days=day))

    def _write_day(self, partition: int, numbers: range, day: datetime) -> None:
        columns: dict[str, _Column] = {}
        for topic in LIFECYCLE.values():
            columns[topic.name] = _Column([], [], [], [], [], [], [])
        begin = int(day.timestamp() * 1_000_000)
        for count, number in enumerate(numbers):
            self._dossier(columns, number, begin + count * 1_000_003, f"{day:%y%m%d}")
        for topic, column in columns.items():
            self._put((topic, partition), column)

    def _dossier(self, columns: dict[str, _Column], number: int, began: int, day: str) -> None:
        dossier = b"%08x-0000-4000-8000-%012x" % (number * 2_654_435_761 % 2**32, number)
        code = b"H29.26737-%b-%06d" % (day.encode(), number % 10**6)
        hashes: list[bytes] = []
        ids: list[bytes] = []
        heads: dict[str, bytes] = {}
        for step, template in enumerate(self.templates):
            at = began + step * 1_000_000
            written = _moment(at)
            identity = b"%08x-%04x-4000-9000-%012x" % (step, step, number)
            cause = b"request:%d" % number, GENESIS.encode()
            if template.cause >= 0:
                cause = ids[template.cause], hashes[template.cause]
            before = heads.get(template.topic, GENESIS.encode())
            body = template.body % (identity, code, written, dossier, before, *cause)
            digest = hashlib.sha256(body).hexdigest().encode()
            hashes.append(digest)
            ids.append(identity)
            heads[template.topic] = digest
            column = columns[template.topic]
            column.ids.append(identity)
            column.values.append(body)
            column.codes.append(code)
            column.keys.append(dossier)
            column.times.append(at)
            column.kinds.append(template.type)
            column.sequences.append(template.sequence)

    def _put(self, place: Place, column: _Column) -> None:
        tree, count = self.trees[place], len(column.values)
        first = tree.size
        moments = np.maximum.accumulate(np.array(column.times, np.int64) // 1000)
        headers = pa.StructArray.from_arrays(
            [
                pa.array(["content-type"] * count),
                pa.array([CONTENT_TYPE.encode()] * count, pa.binary()),
            ],
            ["name", "value"],
        )
        arrays = {
            "partition": pa.array(np.full(count, place[1], np.int32)),
            "offset": pa.array(np.arange(first, first + count)),
            "timestamp": pa.array(moments).cast(SCHEMA.field("timestamp").type),
            "key": pa.array(column.keys, pa.binary()),
            "headers": pa.ListArray.from_arrays(
                pa.array(np.arange(count + 1, dtype=np.int32)), headers
            ),
            "value": pa.array(column.values, pa.binary()),
            "event_id": pa.array(column.ids, pa.binary()).cast(pa.string()),
            "type": pa.array(column.kinds),
            "dossier_id": pa.array(column.keys, pa.binary()).cast(pa.string()),
            "code": pa.array(column.codes, pa.binary()).cast(pa.string()),
            "sequence": pa.array(column.sequences, pa.int32()),
            "time": pa.array(column.times).cast(SCHEMA.field("time").type),
        }
        table = pa.table([arrays[name] for name in SCHEMA.names], schema=SCHEMA)
        segment = Segment(*place, first, first + count - 1, day_of(int(moments[0])))
        write_segment(self.root, segment, table)
        for batch in table.to_batches():
            tree.extend(rows_of(batch).leaves)
        self._sign(place, tree, int(moments[-1]))

    def _sign(self, place: Place, tree: Frontier, at: int) -> None:
        origin, time = place_origin(ORIGIN, *place), datetime.fromtimestamp(at // 1000, UTC)
        checkpoint = Checkpoint(
            origin, tree.size, tree.root(), tree.size, time, self.previous[place]
        )
        self.ledger.append(*place, sign(checkpoint.text(), [SIGNER]))
        self.previous[place] = digest_of(checkpoint.text())


def _moment(micros: int) -> bytes:
    seconds, rest = divmod(micros, 1_000_000)
    of_day = seconds % 86_400
    return b"%b%02d:%02d:%02d.%06dZ" % (
        _date(seconds // 86_400),
        of_day // 3600,
        of_day // 60 % 60,
        of_day % 60,
        rest,
    )


_DATES: dict[int, bytes] = {}


def _date(day: int) -> bytes:
    if day not in _DATES:
        at = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)
        _DATES[day] = f"{at:%Y-%m-%dT}".encode()
    return _DATES[day]


def main() -> None:
    """Write the archive that is asked for; print how fast."""
    root, events = Path(sys.argv[1]), int(sys.argv[2])
    began = time.perf_counter()
    BigArchive(root).write(events)
    print(f"{events / (time.perf_counter() - began):,.0f} events/s")


if __name__ == "__main__":
    main()
