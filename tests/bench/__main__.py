"""`make bench`: measures on this machine, prints, and writes `build/bench.json` and a picture."""

import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import psutil
from rich.console import Console
from rich.table import Table

from tests.bench import comparing, figures, plots, sections
from tests.bench.planned import planned
from tests.bench.targets import TARGETS, missed
from tests.bench.whole.ground import ROOT

BUILD = ROOT / "build"


def main() -> int:
    """Run what is asked for; return 1 when an invariant was broken, 0 else."""
    console, plan = Console(), planned(os.environ)
    asked = os.environ.get("COMPARE")
    # Read before it may be written over.
    old = comparing.read(Path(asked)) if asked else None
    _settings()
    found: dict[str, Any] = _machine()
    try:
        sections.whole(found, plan, console)
        sections.stages(found, plan, console)
        sections.side_by_side(found, plan, console)
        sections.alone(found, plan, console)
    finally:
        headline = figures.headline(found)
        written = headline | found | headline
        BUILD.mkdir(exist_ok=True)
        path = BUILD / "bench.json"
        path.write_text(json.dumps(written, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    _show(console, written)
    plots.as_png(written, BUILD / "bench.png")
    if old is not None:
        console.print(comparing.table(old, written))
    console.print(f"written to {path.relative_to(ROOT)} and build/bench.png")
    return int(any(isinstance(one, list) for one in found.get("invariants", {}).values()))


def _settings() -> None:
    """Tell the stacks what is not theirs to limit here."""
    # The register answers at once: what is measured is ours, not the sandbox's pause.
    os.environ.setdefault("SANDBOX_REGISTER_SECONDS", "0")
    # One portal plays a nation of them: it is not held to what one portal may do.
    os.environ.setdefault("HTTP_CLIENT_RATE", "1000000")
    os.environ.setdefault("HTTP_CLIENT_BURST", "1000000")
    # As often as a service signs by itself; the local stack does every six seconds, to show it.
    os.environ.setdefault("CHECKPOINT_MINUTES", "5")


def _machine() -> dict[str, Any]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "commit": _git("rev-parse", "HEAD") + ("+" if _git("status", "--porcelain") else ""),
        "machine": {
            "cores": os.cpu_count(),
            "memory_gb": round(psutil.virtual_memory().total / 2**30, 1),
            "system": platform.platform(),
            # Above the number of cores something else was running.
            "load_before": round(os.getloadavg()[0], 2),
        },
        "python": platform.python_version(),
    }


def _git(*asked: str) -> str:
    done = subprocess.run(["git", *asked], cwd=ROOT, check=False, capture_output=True, text=True)
    return done.stdout.strip()


def _show(console: Console, written: dict[str, Any]) -> None:
    for name, value in written.items():
        rows = value if isinstance(value, list) else [value]
        if not all(isinstance(row, dict) for row in rows) or name == "memory":
            continue
        table = Table(title=name.replace("_", " "), show_header=False)
        for row in rows:
            for key, figure in row.items():
                table.add_row(key.replace("_", " "), _words(figure))
            table.add_section()
        console.print(table)
    table = Table("figure", "here", "unit", "wanted", title="in short")
    for target in TARGETS:
        here = target.of(written)
        mark = " [red]![/]" if target.is_missed(written) else ""
        shown = "not measured" if here is None else f"{here:,g}{mark}"
        table.add_row(target.words, shown, target.unit, target.shown)
    console.print(table)
    console.print(plots.in_terminal(written))
    lines = missed(written)
    for line in lines:
        console.print(f"not reached: {line}")
    if lines:
        console.print(figures.dearest(written))


def _words(figure: Any) -> str:
    if isinstance(figure, dict):
        return ", ".join(f"{name} {_words(one)}" for name, one in figure.items())
    if isinstance(figure, list):
        return ", ".join(map(_words, figure))
    return f"{figure:,}" if isinstance(figure, int) else str(figure)


if __name__ == "__main__":
    sys.exit(main())
