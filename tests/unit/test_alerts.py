"""The alert rules: their metrics and labels exist, each fires when it should, and leads on."""

import re
import subprocess
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from audit.proof_settings import ProofSettings
from plumbing.stuck.reading import LISTED
from plumbing.stuck.views import Kind
from tests.unit.promql_kit import ALERTS, ROOT, grouped_by, labels_of, named, promtool, rules

RULES = [pytest.param(rule, id=rule["alert"]) for rule in rules()]
STUCK = re.compile(r"dossiers_stuck\w*\{kind=\"(\w+)\"\}")
TESTS = ROOT / "deploy" / "alerts" / "tests"


@pytest.mark.parametrize("rule", RULES)
def test_an_alert_asks_for_what_exists_and_says_what_to_do(rule: dict[str, Any]) -> None:
    asked = named(rule["expr"])

    assert asked
    for one in asked:
        assert one.labels <= labels_of(one.name)
    assert grouped_by(rule["expr"]) <= set().union(*(labels_of(one.name) for one in asked))
    shown = set(re.findall(r"\$labels\.(\w+)", rule["annotations"]["summary"]))
    assert shown <= set().union(*(labels_of(one.name) for one in asked))
    assert set(STUCK.findall(rule["expr"])) <= set(get_args(Kind))
    assert rule["labels"]["severity"] in ("page", "ticket")
    document, _, heading = rule["annotations"]["runbook"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (ROOT / document).read_text("utf-8"), re.MULTILINE)
    anchors = {re.sub(r"[^\w\- ]", "", one.lower()).replace(" ", "-") for one in headings}
    assert heading in anchors


def test_every_kind_of_trouble_has_an_alert() -> None:
    text = " ".join(rule["expr"] for rule in rules())

    assert set(STUCK.findall(text)) == set(LISTED)


def test_what_is_overdue_for_the_log_lines_is_overdue_for_the_alerts() -> None:
    (overdue,) = (rule["expr"] for rule in rules() if rule["alert"] == "TimestampsOverdue")

    assert float(overdue.rpartition(">")[2]) == ProofSettings().tsa_overdue_minutes * 60


@pytest.mark.parametrize("path", ALERTS, ids=lambda path: path.stem)
def test_each_alert_has_a_case_that_fires_and_one_that_does_not(path: Path) -> None:
    alerts = {
        rule["alert"]
        for group in yaml.safe_load(path.read_text("utf-8"))["groups"]
        for rule in group["rules"]
    }
    cases = [
        (one["alertname"], bool(one["exp_alerts"]))
        for test in yaml.safe_load((TESTS / path.name).read_text("utf-8"))["tests"]
        for one in test["alert_rule_test"]
    ]

    assert sorted(cases) == sorted((alert, fires) for alert in alerts for fires in (True, False))


def test_the_alerts_fire_and_are_silent_as_their_cases_say() -> None:
    for command in (["check", "rules"], ["test", "rules"]):
        files = ALERTS if command[0] == "check" else sorted(TESTS.glob("*.yaml"))
        ran = subprocess.run(
            [promtool(), *command, *files], capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stdout + ran.stderr
