"""Two runs beside each other: `make bench COMPARE=old.json`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.table import Table

#: What a point of a curve is at.
_POINTS = ("rate", "stored", "partitions", "replicas")


def read(path: Path) -> dict[str, Any]:
    """Return the figures of an earlier run; leaves with a sentence when there are none."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        found = None
    if not isinstance(found, dict) or "machine" not in found:
        raise SystemExit(f"COMPARE: {path} has no figures of a run")
    return found


def ratios(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[float, float, float]]:
    """Return old, new and new over old of every number both have, by its place (`bus.dossiers`).

    Of a curve its points are named by what they are at (`open_loop.rate=100.p50_ms`). What was 0
    has no ratio and is left out, and so is what says how a run was and not what came of it.
    """
    before, after = dict(_numbers(_told(old))), dict(_numbers(_told(new)))
    return {
        name: (before[name], after[name], round(after[name] / before[name], 3))
        for name in after
        if before.get(name)
    }


def _told(figures: Mapping[str, Any]) -> dict[str, Any]:
    return {name: one for name, one in figures.items() if name not in ("memory", "machine")}


def _numbers(value: Any, place: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from _numbers(one, f"{place}.{name}" if place else name)
    elif isinstance(value, list):
        for one in value:
            if isinstance(one, Mapping) and (at := next((at for at in _POINTS if at in one), None)):
                rest = {name: figure for name, figure in one.items() if name != at}
                yield from _numbers(rest, f"{place}.{at}={one[at]:g}")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield place, value


def table(old: Mapping[str, Any], new: Mapping[str, Any]) -> Table:
    """Return the comparison for a terminal."""
    when = f"{old.get('at', 'before')}, {str(old.get('commit', ''))[:8]}"
    shown = Table("figure", "then", "now", "now / then", title=f"Beside {when}")
    if other := [name for name in _SIZES if _size(old, name) != _size(new, name)]:
        shown.caption = f"of other sizes, so no fair comparison: {', '.join(other)}"
    for name, (before, after, ratio) in ratios(old, new).items():
        shown.add_row(name, f"{before:g}", f"{after:g}", f"{ratio:g}")
    return shown


_SIZES = ("bus", "http", "backlog", "handwritten", "dbos", "consuming_stage")


def _size(figures: Mapping[str, Any], section: str) -> Any:
    run = figures.get(section) or {}
    return run.get("dossiers", run.get("events"))
