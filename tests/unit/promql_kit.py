"""What the tests of alerts and dashboards share: rules, panels, and what a query names."""

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml
from prometheus_client import Counter, Gauge, Histogram

from plumbing import metrics

ROOT = Path(__file__).parents[2]
ALERTS = sorted((ROOT / "deploy" / "alerts").glob("*.yaml"))
DASHBOARDS = sorted((ROOT / "deploy" / "grafana").glob("*.json"))
#: What the client library and Prometheus itself show, as far as we ask for it.
NOT_OURS = {
    "up": {"job", "instance"},
    "process_resident_memory_bytes": {"job", "instance"},
    "process_cpu_seconds_total": {"job", "instance"},
    "process_open_fds": {"job", "instance"},
}
#: Labels a scrape adds, and those a histogram has.
ADDED = {"job", "instance"}


class Named(NamedTuple):
    """A metric a query names, and the labels it asks it for."""

    name: str
    labels: frozenset[str]


def our_metrics() -> dict[str, set[str]]:
    """Return the labels of every series we make, by its full name."""
    known: dict[str, set[str]] = {}
    for one in vars(metrics).values():
        labels = set(getattr(one, "_labelnames", ()))
        if isinstance(one, Counter):
            known[f"{one._name}_total"] = labels
        elif isinstance(one, Histogram):
            known |= {
                f"{one._name}_bucket": labels | {"le"},
                f"{one._name}_sum": labels,
                f"{one._name}_count": labels,
            }
        elif isinstance(one, Gauge):
            known[one._name] = labels
    return known


def rules() -> list[dict[str, Any]]:
    """Return every alert rule, in the order of the files."""
    return [
        rule
        for path in ALERTS
        for group in yaml.safe_load(path.read_text("utf-8"))["groups"]
        for rule in group["rules"]
    ]


def panels() -> list[tuple[str, dict[str, Any]]]:
    """Return every panel that asks for something, with the file of its dashboard."""
    return [
        (path.name, panel)
        for path in DASHBOARDS
        for panel in json.loads(path.read_text("utf-8"))["panels"]
        if panel.get("targets")
    ]


def queries() -> list[str]:
    """Return every query of the dashboards, their variables filled in."""
    found = [target["expr"] for _, panel in panels() for target in panel["targets"]]
    return [filled(one) for one in found]


def filled(expression: str) -> str:
    """Return the query with Grafana's variables filled in."""
    return expression.replace("$__rate_interval", "5m").replace("$service", "intake")


def named(expression: str) -> list[Named]:
    """Return the metrics a query names, with the labels of their selectors."""
    # A selector's values may hold anything, and a list of labels looks like metrics.
    text = re.sub(r'"[^"]*"', '""', expression)
    text = re.sub(r"\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)", " ", text)
    found = re.findall(r"\b(dossiers_\w+|process_\w+|up)\b(?:\{([^}]*)\})?", text)
    return [Named(name, frozenset(re.findall(r"(\w+)\s*[=!]", body))) for name, body in found]


def grouped_by(expression: str) -> set[str]:
    """Return the labels a query groups or matches by."""
    lists = re.findall(r"\b(?:by|without|on|ignoring)\s*\(([^)]*)\)", expression)
    return {label for one in lists for label in re.findall(r"\w+", one)}


def labels_of(name: str) -> set[str]:
    """Return every label a series of that name can have; fails for a name nobody shows."""
    known = our_metrics() | NOT_OURS
    assert name in known, f"no metric {name}"
    return known[name] | ADDED


def promtool() -> str:
    """Return the path of promtool; without it the test is left out, or fails where it must be."""
    return program("promtool")


def program(name: str) -> str:
    """Return the path of a program of Prometheus, as `promtool` does."""
    found = shutil.which(name)
    if found is None:
        reason = f"{name} is not installed (Debian: apt-get install prometheus)"
        if os.environ.get("HOTICH_PROMETHEUS") == "required":
            pytest.fail(f"HOTICH_PROMETHEUS=required, but {reason}")
        pytest.skip(reason)
    return found
