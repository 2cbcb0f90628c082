"""Overlays say where, how many and which release, and change nothing else."""

import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from contracts.topics import LIFECYCLE, PARTICULARS
from deploy.manifests.rendering import render
from deploy.manifests.writing import FOLDER, documents, portals_of
from tests.manifests import hardening
from tests.manifests.rendered import Object, Rendered, matches, rendered, wrong

_HASHED = re.compile(r"(-settings)-[a-z0-9]{10}$")
#: What an overlay of a cluster may say itself, by kind, as path or beginning of a path.
MAY_DIFFER = (
    "ConfigMap/*/data/",
    "StatefulSet/*/spec/template/spec/containers/0/image",
    "Deployment/*/spec/template/spec/containers/0/image",
    "Job/*/spec/template/spec/containers/0/image",
    "Deployment/board/spec/replicas",
    "Cluster/*/spec/instances",
    "Cluster/*/spec/storage/size",
    "Cluster/*/spec/walStorage/size",
    "KafkaNodePool/brokers/spec/storage/volumes/0/size",
    "Ingress/*/spec/rules/0/host",
    "Ingress/*/spec/tls/0/hosts/0",
    "NetworkPolicy/road-to-*/spec/egress/0/to/0/ipBlock/cidr",
    "NetworkPolicy/kafka-portals/spec/ingress/0/from/0/ipBlock/cidr",
    "Kafka/hotich/spec/kafka/listeners/1/networkPolicyPeers/0/ipBlock/cidr",
    "StatefulSet/audit/spec/volumeClaimTemplates/0/spec/resources/requests/storage",
)
#: What the local one has otherwise beside them: one node, and the sandbox in the place of others.
MAY_DIFFER_LOCALLY = (
    *MAY_DIFFER,
    "Kafka/hotich/spec/kafka/config/",
    "Kafka/hotich/spec/kafka/listeners",
    "KafkaNodePool/brokers/spec/",
    "StatefulSet/*/spec/replicas",
    "NetworkPolicy/*/spec/ingress/0/from",
    "NetworkPolicy/road-to-*/spec/egress/0/",
    "Cluster/*/spec/backup/",
    "Cluster/*/spec/postgresql/synchronous/",
)


def flat(value: Any, path: str = "") -> dict[str, Any]:
    """Return every leaf by its path; names of settings without the hash of what is in them."""
    if isinstance(value, dict) and value:
        return {k: v for name, one in value.items() for k, v in flat(one, f"{path}/{name}").items()}
    if isinstance(value, list) and value:
        return {k: v for n, one in enumerate(value) for k, v in flat(one, f"{path}/{n}").items()}
    return {path: _HASHED.sub(r"\1", value) if isinstance(value, str) else value}


def _by_name(objects: Rendered) -> dict[str, dict[str, Any]]:
    """Return the leaves of each object by `Kind/name`."""
    made = {}
    for one in objects:
        name = _HASHED.sub(r"\1", one["metadata"]["name"])
        made[f"{one['kind']}/{name}"] = flat(one)
    return made


def differing(one: Rendered, other: Rendered, allowed: tuple[str, ...]) -> list[str]:
    """Return where the objects both have differ, beyond what is allowed."""
    patterns = [re.compile(re.escape(path).replace(r"\*", "[^/]+")) for path in allowed]
    first, second = _by_name(one), _by_name(other)
    found = []
    for name in sorted(set(first) & set(second)):
        for path in sorted(set(first[name]) | set(second[name])):
            if first[name].get(path) != second[name].get(path):
                full = f"{name}{path}"
                if not any(pattern.match(full) for pattern in patterns):
                    found.append(full)
    return found


def names(objects: Rendered) -> set[str]:
    """Return kind and name of each object that is no portal's."""
    return {
        one for one in _by_name(objects) if "portal-" not in one and "portal.replies" not in one
    }


def test_staging_is_production_at_another_place() -> None:
    staging, production = rendered("staging"), rendered("production")

    assert names(staging) == names(production)
    assert differing(staging, production, MAY_DIFFER) == []


def test_the_local_one_is_a_smaller_production() -> None:
    local, production = rendered("local"), rendered("production")

    kinds = {one.partition("/")[0] for one in names(production) - names(local)}
    assert kinds == {
        *("ExternalSecret", "Ingress", "NetworkPolicy", "PodMonitor", "PrometheusRule"),
        "ScaledObject",
        "ScheduledBackup",
    }
    assert names(production) - names(local) >= {"NetworkPolicy/road-to-backups"}
    assert {one.partition("/")[2] for one in names(local) - names(production)} == {"sandbox"}
    assert differing(local, production, MAY_DIFFER_LOCALLY) == []


def _hand(objects: Rendered, act: Callable[[Object], object], kind: str, name: str) -> Rendered:
    act(objects.one(kind, name))
    return objects


@pytest.mark.parametrize(
    ("kind", "name", "act"),
    [
        ("StatefulSet", "intake", lambda o: o["spec"]["template"]["spec"].pop("securityContext")),
        ("KafkaTopic", "dossier.intake.v1", lambda o: o["spec"].update(partitions=3)),
        ("NetworkPolicy", "intake", lambda o: o["spec"]["egress"].pop()),
        ("Cluster", "intake-database", lambda o: o["spec"]["managed"]["roles"].pop()),
        ("PodDisruptionBudget", "audit", lambda o: o["spec"].update(maxUnavailable=2)),
    ],
)
def test_what_only_one_overlay_changes_is_seen(
    kind: str, name: str, act: Callable[[Object], object]
) -> None:
    changed = _hand(rendered("staging"), act, kind, name)

    found = differing(changed, rendered("production"), MAY_DIFFER)

    assert found
    assert all(one.startswith(f"{kind}/{name}/") for one in found)


def test_a_base_alone_can_be_rendered_and_holds_no_release() -> None:
    rendered("production")  # skips where nothing can render
    objects = Rendered(render(FOLDER / "base"))

    assert all(":" not in pod.container["image"] for pod in objects.pods())


def with_component(name: str, folder: Path) -> Rendered:
    """Return production with one more component."""
    rendered("production")  # skips where nothing can render
    up = os.path.relpath(FOLDER, folder)
    (folder / "kustomization.yaml").write_text(
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\n"
        f"resources: [{up}/overlays/production]\ncomponents: [{up}/components/{name}]\n"
    )
    objects = Rendered(render(folder))
    assert [message for one in objects for message in wrong(one)] == []
    return objects


def test_a_database_is_made_anew_from_its_backups(tmp_path: Path) -> None:
    objects = with_component("restore", tmp_path)
    spec = objects.one("Cluster", "intake-database")["spec"]

    assert list(spec["bootstrap"]) == ["recovery"]
    # Never to a moment of choice: others remember what came after it.
    assert "recoveryTarget" not in spec["bootstrap"]["recovery"]
    (before,) = spec["externalClusters"]
    assert before["name"] == spec["bootstrap"]["recovery"]["source"]
    usual = rendered("production").one("Cluster", "intake-database")["spec"]["backup"]
    for key in ("destinationPath", "serverName", "s3Credentials"):
        assert before["barmanObjectStore"][key] == usual["barmanObjectStore"][key]
    now = spec["backup"]["barmanObjectStore"]
    assert now["serverName"] != before["barmanObjectStore"]["serverName"]
    first = objects.one("ScheduledBackup", "intake-database-restored")["spec"]
    assert (first["immediate"], first["cluster"]["name"]) == (True, "intake-database")


def test_a_database_is_made_from_the_log_by_who_may_read_it_and_nothing_else(
    tmp_path: Path,
) -> None:
    objects = with_component("restore", tmp_path)
    (pod,) = (one for one in objects.pods() if one.service == "console")
    console = Rendered(one for one in objects if one["metadata"]["name"] == "console")

    assert list(hardening.hardened(console)) == []
    assert list(hardening.accounts(console)) == []
    # The release of the tool is said by who lists the component, as that of the services.
    assert pod.container["image"].startswith("hotich/console")
    assert {"intake-database-app/uri", "intake-database-ca/ca.crt"} <= {
        *objects.files(pod).values()
    }
    read = {
        rule["resource"]["name"]
        for rule in objects.one("KafkaUser", "console")["spec"]["authorization"]["acls"]
        if rule["operations"] == ["Describe", "Read"]
    }
    assert read == {*(topic.name for topic in LIFECYCLE.values()), PARTICULARS.name}
    reached = [
        (peer["podSelector"]["matchLabels"], rule["ports"])
        for rule in objects.one("NetworkPolicy", "console")["spec"]["egress"]
        for peer in rule["to"]
    ]
    for name, (labels, ports) in zip(("database", "kafka"), reached, strict=True):
        inside = objects.one("NetworkPolicy", f"console-to-{name}")["spec"]
        assert inside["podSelector"]["matchLabels"] == labels
        (rule,) = inside["ingress"]
        assert rule["ports"] == ports
        assert matches(rule["from"][0]["podSelector"], pod.labels)


def test_traces_go_to_a_collector_where_they_are_asked_for(tmp_path: Path) -> None:
    objects = with_component("tracing", tmp_path)
    road = objects.one("NetworkPolicy", "road-to-collector")["spec"]
    (port,) = road["egress"][0]["ports"]

    for pod in objects.serving():
        at = objects.told(pod)["OTEL_EXPORTER_OTLP_ENDPOINT"]
        assert at.endswith(f":{port['port']}")
        assert matches(road["podSelector"], pod.labels)
        assert "HTTP_PORT" in objects.told(pod)
    assert all("OTEL" not in str(one) for one in rendered("production").of("ConfigMap"))


def test_portals_of_an_installation_have_a_topic_and_a_user_each() -> None:
    for overlay in ("local", "staging", "production"):
        text = documents()[f"overlays/{overlay}/portals.yaml"]
        portals = portals_of(FOLDER / "overlays" / overlay)
        assert portals
        for portal in portals:
            assert f"name: portal.replies.{portal}.v1" in text
            assert f"name: portal-{portal}\n" in text
