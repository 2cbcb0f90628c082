"""How many events of an archive a replay decides again in a second, on one core.

The figure counts every event of the archive. It depends on how many of them judges hear (what
citizens and portals were told is not read), and on how many dossiers are like others: the first of
each kind is told to the rules whole, which costs a hundred times as much.
"""

import time
from datetime import date
from pathlib import Path
from typing import Any

import reference
from audit.replaying.replay import judges, replay
from audit.replaying.results import Asked
from reference.law_of_day import law_of

ANOTHER_DAY = date(2027, 3, 1)


def measure(folder: Path) -> dict[str, Any]:
    """Return events per second under the same rules and under another day's, and the memory."""
    own = reference.load()
    judges(own, own)  # the services are loaded once, whatever the archive has
    figures: dict[str, Any] = {"million_steps_per_cpu_second": pace()}
    for name, asked in (("same_rules", own), ("another_law", law_of(own, ANOTHER_DAY))):
        wall, cpu = time.perf_counter(), time.process_time()
        found = replay(folder, own, asked, Asked(limit=10))
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
        figures |= {
            f"{name}_events_per_second": round(found.records / wall),
            f"{name}_events_per_cpu_second": round(found.records / cpu),
            f"{name}_heard_share": round(found.heard / max(found.records, 1), 2),
            f"{name}_dossiers_differing": found.dossiers_differing,
        }
    figures["peak_mb"] = peak_mib()
    return figures


def pace() -> float:
    """Return how many million steps of an empty loop the core does now in a second of its time."""
    steps, began = 5_000_000, time.process_time()
    for _ in range(steps):
        pass
    return round(steps / (time.process_time() - began) / 1e6, 1)


def peak_mib() -> int:
    """Return the most memory this process ever had; a child's `ru_maxrss` has its parent's."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    raise SystemExit("this system does not tell its peak memory")
