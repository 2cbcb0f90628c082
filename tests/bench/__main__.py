"""`make bench`: measures on this machine, prints, and writes `build/bench.json`."""

import asyncio
import json
import os
import platform
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from rich.console import Console
from rich.table import Table

from local_stack.stack import Stack
from tests.bench import audit, decisions, end_to_end, pages, stage

ROOT = Path(__file__).parents[2]


def main() -> None:
    """Run every measurement on one fresh stack."""
    console = Console()
    # The register answers at once: what is measured is ours, not the sandbox's pause.
    os.environ.setdefault("SANDBOX_REGISTER_SECONDS", "0")
    figures: dict[str, Any] = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
    }
    console.print("decisions: rules with deadlines, on one core")
    figures["decisions"] = decisions.measure()
    console.print("audit: an archive checked on one core")
    figures["audit"] = audit.measure()
    with (
        Stack(ROOT, name="bench-audit", services=False, fresh=True) as stack,
        TemporaryDirectory(prefix="bench-audit-") as folder,
    ):
        figures["audit"] |= audit.measure_comparing(stack.status().kafka, Path(folder))
    with Stack(ROOT, name="bench-stage", services=False, fresh=True) as stack:
        figures["consuming_stage"] = asyncio.run(stage.measure(stack, console))
        figures["pages"] = asyncio.run(pages.measure(stack, console))
    with Stack(ROOT, name="bench", fresh=True) as stack:
        status = stack.status()
        secrets = json.loads((ROOT / status.secrets).read_text(encoding="utf-8"))
        figures["versions"] = status.versions
        figures["end_to_end"] = asyncio.run(end_to_end.measure(status, secrets, console))
    path = ROOT / "build" / "bench.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(figures, indent=2) + "\n", encoding="utf-8")
    for name in ("decisions", "audit", "consuming_stage", "pages", "end_to_end"):
        table = Table(title=name.replace("_", " "), show_header=False)
        for key, value in figures[name].items():
            table.add_row(key.replace("_", " "), str(value))
        console.print(table)
    console.print(f"written to {path.relative_to(ROOT)}")


main()
