"""The alert rules: their metrics and labels exist, and each leads to what to do."""

import re
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml
from prometheus_client import Gauge

from audit.proof_settings import ProofSettings
from plumbing import metrics
from plumbing.stuck.reading import LISTED
from plumbing.stuck.views import Kind

ROOT = Path(__file__).parents[2]
RULES = [
    pytest.param(rule, id=rule["alert"])
    for path in sorted((ROOT / "deploy" / "alerts").glob("*.yaml"))
    for group in yaml.safe_load(path.read_text("utf-8"))["groups"]
    for rule in group["rules"]
]
GAUGES = {one._name: one for one in vars(metrics).values() if isinstance(one, Gauge)}
NAMED = re.compile(r"(dossiers_\w+)(?:\{kind=\"(\w+)\"\})?")


@pytest.mark.parametrize("rule", RULES)
def test_an_alert_asks_for_gauges_that_exist_and_says_what_to_do(rule: dict[str, Any]) -> None:
    named = NAMED.findall(rule["expr"])

    assert named
    for name, kind in named:
        labels = GAUGES[name]._labelnames
        assert not kind or ("kind" in labels and kind in get_args(Kind))
        by = " ".join(re.findall(r"by \(([\w, ]+)\)", rule["expr"]))
        assert set(re.findall(r"\w+", by)) <= set(labels)
    assert rule["labels"]["severity"] in ("page", "ticket")
    document, _, heading = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / document).read_text("utf-8"), re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}
    assert heading in anchors


def test_every_kind_of_trouble_has_an_alert() -> None:
    text = " ".join(rule.values[0]["expr"] for rule in RULES)  # type: ignore[attr-defined]

    assert {kind for _, kind in NAMED.findall(text) if kind} == set(LISTED)


def test_what_is_overdue_for_the_log_lines_is_overdue_for_the_alerts() -> None:
    (overdue,) = (
        rule.values[0]["expr"]  # type: ignore[attr-defined]
        for rule in RULES
        if rule.id == "TimestampsOverdue"
    )

    assert float(overdue.rpartition(">")[2]) == ProofSettings().tsa_overdue_minutes * 60
