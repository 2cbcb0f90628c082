"""The dashboards: every query can be read and asks for what exists, every metric is looked at."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.promql_kit import (
    ADDED,
    DASHBOARDS,
    ROOT,
    filled,
    grouped_by,
    labels_of,
    named,
    our_metrics,
    panels,
    promtool,
    queries,
    rules,
)

#: Metrics on no dashboard, and why.
NOT_SHOWN: dict[str, str] = {}


def test_every_query_of_dashboards_and_alerts_can_be_read(tmp_path: Path) -> None:
    asked = [*queries(), *(rule["expr"] for rule in rules())]
    named_rules = [
        {"record": f"query_{number}", "expr": expression} for number, expression in enumerate(asked)
    ]
    file = tmp_path / "queries.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "all", "rules": named_rules}]}))

    ran = subprocess.run(
        [promtool(), "check", "rules", file], capture_output=True, text=True, check=False
    )

    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert f"{len(asked)} rules found" in ran.stdout


@pytest.mark.parametrize(
    ("file", "panel"),
    [pytest.param(file, panel, id=f"{file}-{panel['title']}") for file, panel in panels()],
)
def test_a_panel_asks_for_metrics_and_labels_that_exist(file: str, panel: dict[str, Any]) -> None:
    for target in panel["targets"]:
        asked = named(filled(target["expr"]))
        assert asked
        for one in asked:
            assert one.labels <= labels_of(one.name), one
        known = set().union(*(labels_of(one.name) for one in asked))
        assert grouped_by(target["expr"]) <= known
        shown = {part.partition("}}")[0] for part in target["legendFormat"].split("{{")[1:]}
        assert shown <= grouped_by(target["expr"]) | ADDED
    assert panel["fieldConfig"]["defaults"]["unit"]


def test_every_metric_is_on_a_dashboard_or_is_left_out_for_a_reason() -> None:
    shown = {one.name for query in queries() for one in named(query)}
    families = {name.removesuffix("_bucket") for name in shown}

    made = {
        name.removesuffix("_bucket")
        for name in our_metrics()
        if not name.endswith(("_sum", "_count"))
    }
    assert made - families == set(NOT_SHOWN)


def test_dashboards_have_names_that_stay_and_do_not_overlap() -> None:
    documents = {path.stem: json.loads(path.read_text("utf-8")) for path in DASHBOARDS}

    uids = {name: document["uid"] for name, document in documents.items()}
    assert uids == {name: f"hotich-{name}" for name in ("law", "move", "pipeline", "service")}
    for document in documents.values():
        places = [panel["gridPos"] for panel in document["panels"]]
        cells = [
            (x, y)
            for place in places
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        ]
        assert len(set(cells)) == len(cells)
        assert max(x for x, _ in cells) < 24


def test_the_provisioning_names_files_of_the_right_shape() -> None:
    folder = ROOT / "deploy" / "grafana" / "provisioning"

    (provider,) = yaml.safe_load((folder / "dashboards/hotich.yaml").read_text())["providers"]
    (source,) = yaml.safe_load((folder / "datasources/hotich.yaml").read_text())["datasources"]

    assert (provider["type"], provider["folderUid"]) == ("file", "hotich")
    assert source["type"] == "prometheus"
