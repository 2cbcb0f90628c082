"""How fast an auditor checks and replays an archive on one core, and compares it with a broker.

Run as `python -m tests.bench.audit`, it measures without a broker; as `python -m tests.bench.audit
verify FOLDER`, or `replay FOLDER`, it takes one archive and prints the figures as JSON.
"""

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
from confluent_kafka import Producer

from audit.archive import Segment, batches_of, create, day_of, listing, write_segment
from audit.comparing import compare_with_broker
from audit.consuming import record_of
from audit.findings import Verdict
from audit.kafka_reading import BulkReader
from audit.records import table_of
from audit.verifying.results import Asked
from audit.verifying.verify import verify
from contracts.topics import ARCHIVED, LIFECYCLE
from tests.bench import audit_replay, lives
from tests.bench.big_archive import BigArchive
from tests.unit.archive_kit import ORIGIN

EVENTS = int(os.environ.get("BENCH_AUDIT_EVENTS", "1000000"))
COMPARED = 100_000
REPLAYED = int(os.environ.get("BENCH_REPLAY_DOSSIERS", "8000"))


def measure(replayed_dossiers: int = REPLAYED) -> dict[str, Any]:
    """Return events per second of processor time, and peak memory for a tenth and for all."""
    figures: dict[str, Any] = {}
    peaks = []
    for events in (EVENTS // 10, EVENTS):
        with TemporaryDirectory(prefix="bench-audit-") as folder:
            BigArchive(Path(folder)).write(events)
            one = _alone("verify", Path(folder))
        peaks.append(one["peak_mib"])
        figures[f"verify_{events}_events_per_second"] = one["per_second"]
        figures[f"verify_{events}_events_peak_mib"] = one["peak_mib"]
        figures["verify_per_s"] = one["per_cpu_second"]
        figures["verify_million_steps_per_cpu_second"] = one["million_steps_per_cpu_second"]
    figures["rss_ratio"] = round(peaks[1] / peaks[0], 2)
    with TemporaryDirectory(prefix="bench-replay-") as folder:
        lives.write(Path(folder), replayed_dossiers)
        replayed = _alone("replay", Path(folder))
    figures["replay_per_s"] = replayed["same_rules_events_per_cpu_second"]
    return figures | {f"replay_{name}": figure for name, figure in replayed.items()}


def measure_comparing(servers: str, folder: Path, events: int = COMPARED) -> dict[str, Any]:
    """Return how fast a broker's records are read, and compared, in the same run.

    The broker's topics are to be empty before.
    """
    BigArchive(folder / "written").write(events)
    _produce(servers, folder / "written")
    kept = folder / "kept"
    with BulkReader(servers) as reader:
        _keep(reader, kept)
        raw = max(_raw(reader) for _ in range(2))
        began = time.perf_counter()
        result = compare_with_broker(kept, reader)
        seconds = time.perf_counter() - began
    if result.verdict is not Verdict.SOUND:
        raise SystemExit(f"the archive is {result.verdict.name}")
    compared = sum(result.same.values()) / seconds
    return {
        "raw_fetch_per_second": round(raw),
        "compare_per_second": round(compared),
        "compare_over_raw": round(compared / raw, 2),
    }


def _keep(reader: BulkReader, root: Path) -> None:
    """Archive what the broker has, with the broker's times."""
    create(root, ORIGIN)
    for topic in LIFECYCLE.values():
        for partition in range(topic.partitions):
            extent = reader.extent(topic.name, partition)
            for messages in reader.records(topic.name, partition, extent):
                records = [record_of(message) for message in messages]
                first, last = records[0], records[-1]
                day = day_of(first.timestamp_ms)
                segment = Segment(topic.name, partition, first.offset, last.offset, day)
                write_segment(root, segment, table_of(partition, records))


def _alone(what: str, folder: Path) -> dict[str, float]:
    asked = [sys.executable, "-m", "tests.bench.audit", what, str(folder)]
    ended = subprocess.run(asked, check=True, capture_output=True, text=True)
    found: dict[str, float] = json.loads(ended.stdout)
    return found


def _produce(servers: str, folder: Path) -> None:
    producer = Producer(
        {"bootstrap.servers": servers, "linger.ms": 50, "queue.buffering.max.messages": 1_000_000}
    )
    for segment in listing(folder).segments:
        for batch in batches_of(folder, segment):
            values, keys = batch.column("value").to_pylist(), batch.column("key").to_pylist()
            times = batch.column("timestamp").cast(pa.int64()).to_pylist()
            headers = [("content-type", b"application/cloudevents+json")]
            for key, value, at in zip(keys, values, times, strict=True):
                producer.produce(
                    segment.topic,
                    value=value,
                    key=key,
                    partition=segment.partition,
                    headers=headers,
                    timestamp=at,
                )
        producer.flush()


def _raw(reader: BulkReader) -> float:
    count, began = 0, time.perf_counter()
    for topic in ARCHIVED:
        for partition in range(topic.partitions):
            extent = reader.extent(topic.name, partition)
            count += sum(map(len, reader.records(topic.name, partition, extent)))
    return count / (time.perf_counter() - began)


def _on_one_core() -> None:
    os.sched_setaffinity(0, {max(os.sched_getaffinity(0))})
    pa.set_cpu_count(1)
    pa.set_io_thread_count(1)


def _one(folder: Path) -> None:
    """Check an archive; print figures."""
    pace = audit_replay.pace()
    began, used = time.perf_counter(), time.process_time()
    report = verify(folder, Asked())
    seconds, cpu = time.perf_counter() - began, time.process_time() - used
    if report.verdict is not Verdict.SOUND:
        raise SystemExit(f"the archive is {report.verdict.name}")
    records = sum(place.records for place in report.places)
    figures = {
        "records": records,
        "per_second": round(records / seconds),
        "per_cpu_second": round(records / cpu),
        "million_steps_per_cpu_second": pace,
        "peak_mib": audit_replay.peak_mib(),
    }
    print(json.dumps(figures))


if __name__ == "__main__":
    if sys.argv[1:2] == ["verify"]:
        _on_one_core()
        _one(Path(sys.argv[2]))
    elif sys.argv[1:2] == ["replay"]:
        _on_one_core()
        print(json.dumps(audit_replay.measure(Path(sys.argv[2]))))
    else:
        print(json.dumps(measure(), indent=2))
