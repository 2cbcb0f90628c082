"""Two runs beside each other: `make bench COMPARE=old.json`."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.table import Table


def read(path: Path) -> dict[str, Any]:
    """Return the figures of an earlier run; leaves with a sentence when there are none."""
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise SystemExit(f"COMPARE: {path} has no figures of a run") from None
    return found


def ratios(old: Mapping[str, Any], new: Mapping[str, Any]) -> dict[str, tuple[float, float, float]]:
    """Return old, new and new over old of every number both have, by its place (`bus.dossiers`).

    What was 0 has no ratio and is left out.
    """
    before, after = dict(_numbers(old)), dict(_numbers(new))
    return {
        name: (before[name], after[name], round(after[name] / before[name], 3))
        for name in after
        if before.get(name)
    }


def _numbers(value: Any, place: str = "") -> Iterator[tuple[str, float]]:
    if isinstance(value, Mapping):
        for name, one in value.items():
            yield from _numbers(one, f"{place}.{name}" if place else name)
    elif isinstance(value, list):
        for number, one in enumerate(value):
            yield from _numbers(one, f"{place}.{number}")
    elif isinstance(value, int | float) and not isinstance(value, bool):
        yield place, value


def table(old: Mapping[str, Any], new: Mapping[str, Any]) -> Table:
    """Return the comparison for a terminal."""
    when = f"{old.get('at', 'before')}, {str(old.get('commit', ''))[:8]}"
    shown = Table("figure", "then", "now", "now / then", title=f"Beside {when}")
    for name, (before, after, ratio) in ratios(old, new).items():
        shown.add_row(name, f"{before:g}", f"{after:g}", f"{ratio:g}")
    return shown
