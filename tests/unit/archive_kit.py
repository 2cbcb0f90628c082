"""Archives of invented dossiers: real events, chained as the services chain them, on disk."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import UUID, uuid5

import pyarrow as pa

from audit.archive import SCHEMA, Segment, create, day_of, write_segment
from audit.columns import derive
from contracts.envelope import CONTENT_TYPE, Cause, Head, extend
from contracts.events import Accepted, CitizenNotified, EventData, Registered, Routed
from contracts.model import VIETNAM
from contracts.topics import LIFECYCLE, PARTITIONS
from tests.unit.builders import a_submission

ORIGIN = "test.hotich.example"
START = datetime(2026, 11, 23, 8, tzinfo=VIETNAM)
NAMES = UUID("00000000-0000-0000-0000-0000000a0d17")
HEADERS = [("content-type", CONTENT_TYPE.encode())]
#: Files written before, by their records: tests write the same ones again and again.
_FILES: dict[bytes, bytes] = {}


@dataclass
class Written:
    """A record as it stands on a topic-partition."""

    topic: str
    partition: int
    offset: int
    at: datetime
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]] = field(default_factory=lambda: list(HEADERS))


@dataclass
class Log:
    """A log in memory that grows event by event; `records` are in the order they were written."""

    records: list[Written] = field(default_factory=list)
    heads: dict[tuple[UUID, str], Head] = field(default_factory=dict)
    ends: dict[tuple[str, int], int] = field(default_factory=lambda: defaultdict(int))

    def say(
        self, dossier_id: UUID, code: str, data: EventData, cause: Cause, at: datetime
    ) -> Cause:
        """Write the next event of a service about a dossier; return it as what leads to another."""
        key = dossier_id, data.service
        head = self.heads.get(key) or Head(dossier_id, code)
        body, identity, self.heads[key] = extend(head, data, cause, at)
        self.put(LIFECYCLE[data.service].name, str(dossier_id).encode(), body, at)
        return Cause(str(identity), self.heads[key].hash)

    def put(
        self, topic: str, key: bytes | None, value: bytes | None, at: datetime, partition: int = -1
    ) -> Written:
        """Write a record to its partition, or to the one named."""
        if partition < 0:
            partition = UUID((key or b"").decode()).int % PARTITIONS
        offset = self.ends[topic, partition]
        self.ends[topic, partition] = offset + 1
        record = Written(topic, partition, offset, at, key, value)
        self.records.append(record)
        return record


def dossier_of(number: int) -> tuple[UUID, str]:
    """Return the id and the code of an invented dossier."""
    day = START + timedelta(days=number // 900)
    return uuid5(NAMES, str(number)), f"H29.26737-{day:%y%m%d}-{number % 900 + 1:04d}"


def a_log(dossiers: int, *, minutes: float = 1.0, start: datetime = START) -> Log:
    """Return the log of so many dossiers, registered one after another, so far apart."""
    log = Log()
    for number in range(dossiers):
        live(log, number, start + timedelta(minutes=minutes * number))
    return log


def live(log: Log, number: int, at: datetime, **changes: Any) -> UUID:
    """Let a dossier be submitted, received, registered and told of; return its id."""
    dossier_id, code = dossier_of(number)
    later = [at + timedelta(seconds=second) for second in range(1, 6)]
    submission = a_submission(**({"submitted_at": at} | changes))
    came = Cause(f"request:{number}", "0" * 64)
    submitted = log.say(dossier_id, code, submission, came, at)
    unit, version = "26737", "test"
    routed = Routed(unit_code=unit, reference_version=version)
    log.say(dossier_id, code, routed, submitted, later[0])
    accepted = Accepted(
        unit_code=unit,
        procedure_code=submission.procedure_code,
        actor="automatic",
        reference_version=version,
    )
    accepted_cause = log.say(dossier_id, code, accepted, submitted, later[1])
    registered = Registered(
        unit_code=unit,
        number=str(number + 1),
        book=f"01/{at.year}",
        registered_on=later[2].astimezone(VIETNAM).date(),
    )
    answered = Cause(f"answer:{number}", "0" * 64)
    registered_cause = log.say(dossier_id, code, registered, answered, later[2])
    for step, about, told in (
        ("accepted", accepted_cause, later[3]),
        ("registered", registered_cause, later[4]),
    ):
        notified = CitizenNotified(step=step, channel="sms", about=UUID(about.id))
        log.say(dossier_id, code, notified, about, told)
    return dossier_id


def archive(root: Path, log: Log, *, rows: int = 500) -> Path:
    """Write the log as an archive, in files of at most so many records; return its folder."""
    create(root, ORIGIN)
    for group in _groups(log.records, rows):
        write_group(root, group)
    return root


def write_group(root: Path, group: list[Written]) -> Segment:
    """Write records of one topic-partition and day as a file of the archive."""
    first, last = group[0], group[-1]
    day = day_of(int(first.at.timestamp() * 1000))
    segment = Segment(first.topic, first.partition, first.offset, last.offset, day)
    file, content = root / segment.file, _content_of(group)
    if content in _FILES:
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_FILES[content])
    else:
        write_segment(root, segment, table_of(group))
        _FILES[content] = file.read_bytes()
    return segment


def _content_of(group: list[Written]) -> bytes:
    """Return what tells files of records apart."""
    fields = [(r.partition, r.offset, r.at, r.key, r.value, r.headers) for r in group]
    return sha256(repr(fields).encode()).digest()


def table_of(group: Iterable[Written]) -> pa.Table:
    """Return the records as the archive has them."""
    group = list(group)
    values = pa.array([record.value for record in group], pa.binary())
    exact = {
        "partition": [record.partition for record in group],
        "offset": [record.offset for record in group],
        "timestamp": [int(record.at.timestamp() * 1000) for record in group],
        "key": [record.key for record in group],
        "headers": [
            [{"name": name, "value": value} for name, value in record.headers] for record in group
        ],
    }
    arrays = {
        name: pa.array(column, pa.int64()).cast(SCHEMA.field(name).type)
        if name == "timestamp"
        else pa.array(column, SCHEMA.field(name).type)
        for name, column in exact.items()
    }
    arrays |= {"value": values, **derive(values)}
    return pa.table([arrays[name] for name in SCHEMA.names], schema=SCHEMA)


def _groups(records: Iterable[Written], rows: int) -> Iterator[list[Written]]:
    open_groups: dict[tuple[str, int], list[Written]] = defaultdict(list)
    for record in records:
        group = open_groups[record.topic, record.partition]
        day = day_of(int(record.at.timestamp() * 1000))
        if group and (len(group) >= rows or day_of(int(group[0].at.timestamp() * 1000)) != day):
            yield group
            group = open_groups[record.topic, record.partition] = []
        group.append(record)
    yield from filter(None, open_groups.values())
