"""Every metric of `plumbing.metrics`, with its labels' closed sets and what asks for it."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, get_args

from prometheus_client import Counter, Gauge, Histogram

from audit.following import REASONS
from contracts.board import Road
from contracts.topics import TOPICS
from plumbing import metrics
from plumbing.calls import Answer
from plumbing.stuck.views import Kind
from tests.unit.promql_kit import named, rules

TOLD = Path(__file__).parent / "metrics.toml"
SERVICES = ("intake", "routing", "registry-sync", "notifier", "board", "audit")
UNITS = ("seconds", "bytes", "records", "days", "partitions", "cases", "connections")


class Metric(NamedTuple):
    """A metric as it is shown."""

    name: str
    kind: str
    help: str
    labels: tuple[str, ...]
    buckets: tuple[float, ...] = ()

    @property
    def unit(self) -> str:
        """Return what it counts in, by its name."""
        words = set(self.name.split("_"))
        return next((unit for unit in UNITS if unit in words), "")


@cache
def made() -> tuple[Metric, ...]:
    """Return every metric, in the order of the code."""
    found = []
    for one in vars(metrics).values():
        if not isinstance(one, Counter | Gauge | Histogram):
            continue
        name = f"{one._name}_total" if isinstance(one, Counter) else one._name
        buckets = tuple(one._upper_bounds[:-1]) if isinstance(one, Histogram) else ()
        found.append(Metric(name, one._type, one._documentation, tuple(one._labelnames), buckets))
    return tuple(found)


@cache
def told() -> dict[str, dict[str, str]]:
    """Return what the table beside says: `normal` by metric, `labels` by label."""
    return dict(tomllib.loads(TOLD.read_text("utf-8")))


def closed_sets() -> dict[str, str]:
    """Return the closed set of each label, by label or by `metric.label`."""
    return told()["labels"] | {
        "service": _codes(SERVICES),
        "topic": _codes(sorted(topic.name for topic in TOPICS)),
        "route": "method and template of each route (`GET /v1/dossiers/{id}`), `static`, `other`",
        "province": "the codes of the reference data, `none` for a unit of no map",
        "road": _codes([*get_args(Road), "none"]),
        "dossiers_effects_total.outcome": _codes(get_args(Answer.__annotations__["outcome"])),
        "dossiers_stuck.kind": _codes(get_args(Kind)),
        "dossiers_stuck_oldest_seconds.kind": _codes(get_args(Kind)),
        "dossiers_archive_refused_partitions.kind": _codes(REASONS),
    }


def _codes(values: Any) -> str:
    return ", ".join(f"`{value}`" for value in values)


def problems() -> list[str]:
    """Return what is missing or too much in the table beside."""
    names, normal = {one.name for one in made()}, told()["normal"]
    sets = closed_sets()
    missing = [f"metrics.toml: say what is normal for {name}" for name in names - set(normal)]
    gone = [f"metrics.toml: there is no metric {name}" for name in set(normal) - names]
    open_sets = [
        f"metrics.toml: {label} of {one.name} has no closed set"
        for one in made()
        for label in one.labels
        if label not in sets and f"{one.name}.{label}" not in sets
    ]
    return sorted(missing + gone + open_sets)


def page() -> str:
    """Return the page, in the order of the code."""
    asked = _alerts()
    lines = [
        "# Metrics",
        "",
        "Made from the code by `python -m tests.catalogue`; do not edit.",
        "",
        "`GET /metrics` on each process (`shared/plumbing/metrics.py`).",
        "Gauges that read the database are the same at every replica of a service: take `max`.",
        "Those of requests, the event loop, connections, partitions, waiting records and valves "
        "are of the process.",
        "The client library adds `process_…` and `python_…`.",
        "",
        "| metric | type | labels | unit | what it is | normal | alerts |",
        "|---|---|---|---|---|---|---|",
        *(_row(one, asked) for one in made()),
        "",
        "## Buckets",
        "",
        "| histogram | upper bounds, in seconds |",
        "|---|---|",
        *(f"| `{one.name}` | {_bounds(one)} |" for one in made() if one.buckets),
        "",
        "## Labels",
        "",
        "| label | values |",
        "|---|---|",
        *(f"| `{label}` | {closed_sets()[label]} |" for label in _common()),
        "",
        "Where a label's set is the metric's own:",
        "",
        "| metric | label | values |",
        "|---|---|---|",
        *(
            f"| `{one.name}` | `{label}` | {closed_sets()[f'{one.name}.{label}']} |"
            for one in made()
            for label in one.labels
            if f"{one.name}.{label}" in closed_sets()
        ),
    ]
    return "\n".join(lines) + "\n"


def _common() -> list[str]:
    return sorted(label for label in closed_sets() if "." not in label)


def _bounds(one: Metric) -> str:
    return ", ".join(f"{bound:g}" for bound in one.buckets)


def _alerts() -> dict[str, list[str]]:
    """Return the alerts that ask for each metric, by its name without a series' ending."""
    found: dict[str, list[str]] = {}
    for rule in rules():
        for name in {one.name.removesuffix("_bucket") for one in named(rule["expr"])}:
            found.setdefault(name, []).append(rule["alert"])
    return found


def _row(one: Metric, asked: dict[str, list[str]]) -> str:
    labels = " ".join(f"`{label}`" for label in one.labels)
    alerts = " ".join(f"`{alert}`" for alert in asked.get(one.name, ()))
    normal = told()["normal"].get(one.name, "")
    return (
        f"| `{one.name}` | {one.kind} | {labels} | {one.unit} | {one.help} | {normal} | {alerts} |"
    )
