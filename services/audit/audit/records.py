"""A record as the log has it, and many of them as the archive has them."""

from collections.abc import Sequence
from typing import NamedTuple

import pyarrow as pa

from audit.archive import SCHEMA
from audit.columns import derive
from audit.leaves import Header


class Record(NamedTuple):
    """A record's place in its topic-partition, the broker's time in milliseconds, its bytes."""

    offset: int
    timestamp_ms: int
    key: bytes | None
    headers: tuple[Header, ...]
    value: bytes | None

    @property
    def size(self) -> int:
        """Return the bytes of key, headers and value."""
        heads = sum(len(name) + len(value or b"") for name, value in self.headers)
        return len(self.key or b"") + heads + len(self.value or b"")


def table_of(partition: int, records: Sequence[Record]) -> pa.Table:
    """Return the records of a topic-partition as the archive has them."""
    types = {field.name: field.type for field in SCHEMA}
    values = pa.array([record.value for record in records], pa.binary())
    times = pa.array([record.timestamp_ms for record in records], pa.int64())
    columns = {
        "partition": pa.array([partition] * len(records), types["partition"]),
        "offset": pa.array([record.offset for record in records], types["offset"]),
        "timestamp": times.cast(types["timestamp"]),
        "key": pa.array([record.key for record in records], types["key"]),
        "headers": pa.array(
            [
                [{"name": name, "value": value} for name, value in record.headers]
                for record in records
            ],
            types["headers"],
        ),
        "value": values,
        **derive(values),
    }
    return pa.table([columns[name] for name in SCHEMA.names], schema=SCHEMA)


def records_of(table: pa.Table) -> list[Record]:
    """Return an archive's records as they were on the log."""
    exact = table.select(["offset", "timestamp", "key", "headers", "value"])
    times = exact.column("timestamp").cast(pa.int64()).to_pylist()
    return [
        Record(
            row["offset"],
            at,
            row["key"],
            tuple((head["name"], head["value"]) for head in row["headers"] or ()),
            row["value"],
        )
        for row, at in zip(exact.drop_columns("timestamp").to_pylist(), times, strict=True)
    ]
