"""`python -m tests.bench.sizing`: what a dossier costs, for the table in docs/sizing.md.

Two bursts through a fresh stack; what the second one added is counted, so that what every
database has anyway is not. Written to `build/sizing.json`.
"""

import asyncio
import json
import os
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import asyncpg
from rich.console import Console
from rich.table import Table

from contracts.topics import TOPICS
from local_stack.stack import Stack
from local_stack.status import Status
from plumbing import retention
from tests.bench.whole import processes, roads, runs, submissions
from tests.bench.whole.ground import GIVE_UP_SECONDS, Ground

ROOT = Path(__file__).parents[2]
DOSSIERS = int(os.environ.get("SIZING_DOSSIERS", "3000"))
_TABLES = """
SELECT c.relname AS name, pg_table_size(c.oid) AS rows, pg_indexes_size(c.oid) AS indexes
FROM pg_class c WHERE c.relnamespace = 'public'::regnamespace AND c.relkind = 'r'
"""


async def measure(stack: Stack, console: Console) -> dict[str, Any]:
    """Return bytes, processor seconds and memory by dossier, and the rate they were seen at."""
    ground, status = Ground(stack, console), stack.status()
    async with roads.by_bus(ground) as bus:
        await runs.warm(ground, bus, max(200, DOSSIERS // 5))
        await _settled(status)
        before, used = await _sizes(stack), processes.seconds(status)
        began = time.monotonic()
        samples = submissions.make(DOSSIERS)
        rate = await runs.closed_loop(ground, bus, samples, window=DOSSIERS)
        await _settled(status)
    seconds, peak = time.monotonic() - began, processes.memory(status)
    after, spent = await _sizes(stack), processes.seconds(status)
    bytes_of = {name: (after[name] - before.get(name, 0)) / DOSSIERS for name in after}
    cpu = {name: (spent[name] - used.get(name, 0)) / DOSSIERS for name in spent}
    return {
        "dossiers": DOSSIERS,
        "seconds_until_all_was_said": round(seconds, 1),
        "registered_per_second": rate["registered_per_s"],
        "bytes_per_dossier": {name: round(size) for name, size in sorted(bytes_of.items())},
        "kept_for_ever_bytes": round(sum(_of(bytes_of, for_ever=True))),
        "kept_for_a_time_bytes": round(sum(_of(bytes_of, for_ever=False))),
        "cpu_milliseconds_per_dossier": {n: round(1000 * s, 2) for n, s in sorted(cpu.items())},
        "memory_mb": peak,
    }


def _of(bytes_of: dict[str, float], *, for_ever: bool) -> Iterable[float]:
    """Return the sizes of what is kept for ever, or of what goes after a time."""
    kept = {row.name: "for ever" in row.kept for row in retention.load()}
    for name, size in bytes_of.items():
        kind, _, rest = name.partition(" ")
        last = rest.partition(".")[2] if kind == "table" else rest
        if kind in ("table", "topic") and kept.get(last, True) is for_ever:
            yield size


async def _settled(status: Status) -> None:
    """Return when every service has published and called all it means to, and was vacuumed."""
    for url in status.databases.values():
        connection = await asyncpg.connect(url)
        try:
            async with asyncio.timeout(GIVE_UP_SECONDS):
                while await connection.fetchval(
                    "SELECT (SELECT count(*) FROM outbox) + (SELECT count(*) FROM effect"
                    " WHERE state = 'PENDING' AND due_at < clock_timestamp())"
                ):
                    await asyncio.sleep(0.5)
            await connection.execute("VACUUM")
        finally:
            await connection.close()
    await asyncio.sleep(5)  # the audit writes what came last


async def _sizes(stack: Stack) -> dict[str, int]:
    """Return bytes of every table, topic and of the archive, and all that was written to WAL."""
    status, found = stack.status(), Counter[str]()
    for service, url in status.databases.items():
        connection = await asyncpg.connect(url)
        try:
            for row in await connection.fetch(_TABLES):
                found[f"table {service}.{row['name']}"] = row["rows"] + row["indexes"]
            found[f"database {service}"] = await connection.fetchval(
                "SELECT pg_database_size(current_database())"
            )
            found["wal"] = await connection.fetchval(
                "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint"
            )
        finally:
            await connection.close()
    for topic in (one.name for one in TOPICS):
        for log in (ROOT / status.state).glob(f"kafka-*/log/{topic}-*/*.log"):
            found[f"topic {topic}"] += log.stat().st_size
    found["archive"] = sum(
        file.stat().st_size for file in (ROOT / status.archive).rglob("*") if file.is_file()
    )
    return dict(found)


def main() -> None:
    """Measure on a fresh stack, print, and write `build/sizing.json`."""
    os.environ.setdefault("SANDBOX_REGISTER_SECONDS", "0")
    console = Console()
    with Stack(ROOT, name="sizing", fresh=True) as stack:
        figures = asyncio.run(measure(stack, console))
    path = ROOT / "build" / "sizing.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    table = Table("what", "of one dossier")
    for name, value in figures.items():
        parts = value.items() if isinstance(value, dict) else [("", value)]
        for part, size in ((part, size) for part, size in parts if size):
            table.add_row(f"{name} {part}".strip().replace("_", " "), str(size))
    console.print(table)
    console.print(f"written to {path.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
