"""What a process has in memory from its start: nothing that only a few requests need."""

import os
import re
import subprocess
import sys

import pytest

from tests.architecture.repository import named, short

#: What reads and writes workbooks, sets papers and reads the archive; 10 to 40 MB each.
HEAVY = {"openpyxl", "numpy", "lxml", "typst", "pyarrow", "duckdb", "opentelemetry.sdk"}
#: A letter of any script, so or so many times: the engine unrolls it, and each field that has the
#: pattern takes 1.1 MB once it is checked. A length beside the pattern says the same.
COUNTED_LETTERS = re.compile(r"""pattern=r?f?["'].*\\w(?:[^\[\]"']*\])?\{\d""")
PAINTING = {"rich.text", "pygments", "typer"}
SERVICES = ("intake", "routing", "registry_sync", "notifier", "board")


def test_a_service_starts_without_what_only_a_few_requests_need() -> None:
    starts = "".join(f"import {service}.app\n" for service in SERVICES)
    shown = f"{starts}import sys\nprint(*sorted(set(sys.modules) & {HEAVY}))"

    ended = subprocess.run(
        [sys.executable, "-c", shown], capture_output=True, text=True, check=True
    )

    assert ended.stdout.split() == []


@pytest.mark.parametrize("service", [*SERVICES, "audit"])
def test_a_service_starts_without_what_paints_for_a_terminal(service: str) -> None:
    # It has been told nothing and ends at once; what it imported until then is listed.
    ended = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", service],
        capture_output=True,
        text=True,
        env={"PYTHONPATH": os.pathsep.join(sys.path)},
        check=False,
    )

    imported = {line.rpartition("|")[2].strip() for line in ended.stderr.splitlines()}
    assert {"structlog", f"{service}.settings"} <= imported
    assert imported & PAINTING == set()


def test_no_pattern_counts_letters_of_every_script() -> None:
    sources = named(".py", "shared", "services")

    assert [short(path) for path in sources if COUNTED_LETTERS.search(path.read_text())] == []
