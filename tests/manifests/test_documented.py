"""What docs/kubernetes.md says is there is there, with those names."""

import re

import pytest
import yaml

from deploy.manifests import databases, entrances, plan, roads
from deploy.manifests.writing import FOLDER
from tests.manifests.rendered import rendered

KINDS = "statefulset|deployment|cluster|scaledobject|job|kafkatopic|kafkauser"
TEXT = (FOLDER.parent / "docs" / "kubernetes.md").read_text("utf-8")


def rows(heading: str) -> list[list[str]]:
    """Return the cells of the tables below a heading."""
    part = TEXT.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line for line in part.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def names(cell: str) -> list[str]:
    """Return what stands in code in a cell."""
    return re.findall(r"`([^`]+)`", cell)


def test_every_secret_is_told_with_its_keys() -> None:
    told = {names(row[0])[0]: names(row[1]) for row in rows("Secrets") if names(row[0])}
    roles = told.pop("<service>-runtime-role")
    told |= {f"{name}-runtime-role": roles for name in plan.WITH_DATABASE}

    for secret in (*plan.filled_by_others(), databases.STORE):
        assert sorted(told.pop(secret.name)) == sorted(secret.keys)
    assert set(told) == {"citizens-tls"}


def test_every_road_and_entrance_is_told() -> None:
    told = {name for row in rows("Roads") for name in names(row[0])}
    policies = {one["metadata"]["name"] for one in roads.policies()} - {"all-shut"}
    general = {
        re.sub(rf"^({'|'.join(plan.SERVICES)})(?=$|-)", "<service>", name) for name in policies
    }

    assert (
        general
        | {one["metadata"]["name"] for one in entrances.entrances()}
        | {
            *("kafka", "kafka-portals", "road-to-backups"),
        }
        == told
    )
    shown = {names(row[0])[0]: row[2] for row in rows("Roads") if names(row[0])}
    for one in entrances.entrances():
        paths = {path["path"] for path in one["spec"]["rules"][0]["http"]["paths"]}
        signing_in = (
            {"/dang-nhap", "/dang-xuat", "/static"}
            if "sign" in shown[one["metadata"]["name"]]
            else set()
        )
        assert paths == {*names(shown[one["metadata"]["name"]])} | signing_in


@pytest.mark.parametrize("document", ["kubernetes.md", "operations.md", "security.md"])
def test_what_is_to_be_typed_names_what_is_there(document: str) -> None:
    objects = rendered("production")
    objects += yaml.safe_load_all((FOLDER / "components/restore/console.yaml").read_text("utf-8"))
    there = {
        f"{one['kind'].lower()}/{one['metadata']['name']}": one for one in objects if "spec" in one
    }
    text = (FOLDER.parent / "docs" / document).read_text("utf-8")
    commands = re.findall(r"kubectl -n hotich [^`\n|]+", text)
    assert commands or document == "security.md"
    for command in commands:
        for kind, name in re.findall(rf"\b({KINDS})[/ ]([a-z][a-z-]*[a-z])\b", command):
            assert f"{kind}/{name}" in there, command
        # What is typed beside the overlay is taken back by KEDA, or stops the next apply. A claim
        # of a StatefulSet is in no overlay any more once it is made.
        beside = r"kubectl -n hotich (scale|set|edit|patch(?! pvc)|rollout undo)\b"
        assert not re.search(beside, command)
        for pod in re.findall(r"delete pod ([a-z-]+)-\d+\b", command):
            pools = {f"hotich-{one['metadata']['name']}" for one in objects.of("KafkaNodePool")}
            sets = {one["metadata"]["name"] for one in objects.of("StatefulSet", "Cluster")}
            assert pod in pools | sets, command


def test_the_folders_told_are_there() -> None:
    paths = re.findall(r"`(deploy/[\w/.-]+)`", TEXT)

    assert len(paths) > 10
    assert [path for path in paths if not (FOLDER.parent / path).exists()] == []
