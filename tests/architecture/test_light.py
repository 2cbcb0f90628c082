"""What a process has in memory from its start: nothing that only a few requests need."""

import subprocess
import sys

#: What reads and writes workbooks, sets papers and reads the archive; 10 to 40 MB each.
HEAVY = {"openpyxl", "numpy", "lxml", "typst", "pyarrow", "duckdb", "opentelemetry.sdk"}
SERVICES = ("intake", "routing", "registry_sync", "notifier", "board")


def test_a_service_starts_without_what_only_a_few_requests_need() -> None:
    starts = "".join(f"import {service}.app\n" for service in SERVICES)
    shown = f"{starts}import sys\nprint(*sorted(set(sys.modules) & {HEAVY}))"

    ended = subprocess.run(
        [sys.executable, "-c", shown], capture_output=True, text=True, check=True
    )

    assert ended.stdout.split() == []
