"""Manifests are what the servers they go to would take, by those servers' own schemas."""

import hashlib
import re

import pytest
import yaml

from deploy.manifests import schemas, writing
from tests.manifests.rendered import EVERY, rendered, wrong


def test_what_is_written_from_the_code_is_current() -> None:
    assert writing.differing() == []


def test_every_schema_kept_is_named_with_where_it_comes_from() -> None:
    text = (schemas.FOLDER / "SOURCES.md").read_text("utf-8")
    named = dict(
        re.findall(r"^\| `([\w.-]+\.json\.gz)` \|.*`([0-9a-f]{64})` \|$", text, re.MULTILINE)
    )

    kept = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in schemas.FOLDER.glob("*.gz")
    }
    assert named == kept


@EVERY
def test_every_object_of_an_overlay_is_taken(overlay: str) -> None:
    objects = rendered(overlay)

    assert [message for one in objects for message in wrong(one)] == []
    names = [(one["kind"], one["metadata"]["name"]) for one in objects]
    assert len(set(names)) == len(names)
    assert {one["metadata"].get("namespace") for one in objects if one["kind"] != "Namespace"} == {
        "hotich"
    }


#: A field nobody knows, or of another type, deep in each kind.
BROKEN: dict[str, str] = {
    "StatefulSet": "spec: {template: {spec: {containers: [{name: x, imagee: y}]}}}",
    "Deployment": "spec: {replicas: two}",
    "Job": "spec: {template: {spec: {restartPolice: Never}}}",
    "Service": "spec: {ports: [{port: http}]}",
    "ServiceAccount": "automountServiceAccountToken: 'no'",
    "ConfigMap": "data: {PORT: 8081}",
    "Namespace": "spec: {finalisers: []}",
    "PodDisruptionBudget": "spec: {maxUnavailible: 1}",
    "NetworkPolicy": "spec: {podSelector: {}, egress: [{to: [{podSelectors: {}}]}]}",
    "Ingress": "spec: {rules: [{hosts: x}]}",
    "Kafka": "spec: {kafka: {listeners: [{name: x, port: 9093, type: internal, tls: yes please}]}}",
    "KafkaNodePool": "spec: {replicas: 3, role: [broker]}",
    "KafkaTopic": "spec: {partition: 6}",
    "KafkaUser": "spec: {authentication: {type: password}}",
    "Cluster": "spec: {instances: 3, managed: {roles: [{name: x, logon: true}]}}",
    "ScheduledBackup": "spec: {schedules: x}",
    "ScaledObject": "spec: {scaleTargetRef: {name: x}, triggers: [{type: prometheus}]}",
    "PodMonitor": "spec: {selector: {}, podMetricsEndpoint: []}",
    "PrometheusRule": "spec: {groups: [{name: x, rules: [{alert: x}]}]}",
    "ExternalSecret": "spec: {secretStoreRef: {name: x}, data: [{secretKey: x}]}",
}


@pytest.mark.parametrize("kind", BROKEN)
def test_what_a_server_would_refuse_is_refused(kind: str) -> None:
    one = next(one for one in rendered("production") if one["kind"] == kind)
    assert not wrong(one)

    broken = {**one, **yaml.safe_load(BROKEN[kind])}

    assert wrong(broken)


def test_every_kind_is_seen_to_be_refused() -> None:
    kinds = {path.name.split(".")[-3] for path in schemas.FOLDER.glob("*.gz")}

    assert kinds == set(BROKEN)
