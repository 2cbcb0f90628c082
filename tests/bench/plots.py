"""The plots of a run: bars in the terminal, all of it in `build/bench.png`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure
from rich.bar import Bar
from rich.table import Table

_RATES = {
    "bus_per_s": "on the bus",
    "http_per_s": "over HTTP",
    "handwritten_per_s": "hand-written",
    "dbos_per_s": "DBOS",
}


def in_terminal(figures: Mapping[str, Any]) -> Table:
    """Return dossiers a second of ours and of what stands beside it, as bars."""
    rates = _measured(figures)
    most = max(rates.values(), default=1)
    bars = Table(title="dossiers a second", show_header=False, box=None)
    for name, rate in rates.items():
        bars.add_row(name, f"{rate:g}", Bar(most, 0, rate, width=50))
    return bars


def as_png(figures: Mapping[str, Any], path: Path) -> None:
    """Write rates, latency by rate, growth and memory as one picture."""
    plot = Figure(figsize=(11, 8))
    places = plot.subplots(2, 2)
    rates = _measured(figures)
    places[0, 0].barh(list(rates)[::-1], list(rates.values())[::-1])
    places[0, 0].set_title("dossiers a second")
    latency = figures.get("open_loop") or []
    for name in ("p50_ms", "p99_ms"):
        places[0, 1].plot(
            [one["rate"] for one in latency], [one[name] for one in latency], "o-", label=name
        )
    _label(places[0, 1], "submitted to registered", "dossiers a second", "ms")
    places[0, 1].set_xlim(left=0)
    for key, what in (("stored", "stored"), ("partitions", "partitions")):
        curve = figures.get(key) or []
        places[1, 0].plot(
            [one[what] for one in curve], [one["per_s"] for one in curve], "o-", label=what
        )
    places[1, 0].set_xscale("symlog")
    _label(places[1, 0], "handling stage of the one-stop", "how many", "events a second")
    for name, points in (figures.get("memory") or {}).items():
        places[1, 1].plot([one[0] for one in points], [one[1] for one in points], label=name)
    _label(places[1, 1], "memory of a process", "seconds", "MB")
    for place in places.flat:
        # What was not measured shows no axes as if it were nothing.
        place.set_visible(_shows_something(place))
    plot.suptitle(f"{figures.get('at', '')}, {str(figures.get('commit', ''))[:8]}")
    plot.tight_layout()
    plot.savefig(path)


def _label(place: Any, title: str, across: str, up: str) -> None:
    place.set_title(title)
    place.set_xlabel(across)
    place.set_ylabel(up)
    place.margins(y=0.1)
    place.autoscale_view()
    place.set_ylim(bottom=0)
    if place.has_data():
        place.legend()


def _shows_something(place: Any) -> bool:
    return bool(place.patches) or any(len(line.get_xdata()) for line in place.lines)


def _measured(figures: Mapping[str, Any]) -> dict[str, float]:
    found = {words: figures.get(name) for name, words in _RATES.items()}
    return {words: rate for words, rate in found.items() if rate is not None}
