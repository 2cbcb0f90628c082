"""Policies of a cluster's bad days: pods that end, nodes that are emptied, open listeners."""

from collections.abc import Iterator

from contracts.grants import AUDIT
from deploy.manifests.databases import HOST
from plumbing.running import STOP_SECONDS
from tests.manifests.rendered import Object, Rendered, matches

#: What `plumbing.running` gives tasks, a service's own closing and the database, one after another.
CLOSING_SECONDS = 6 + 3 + 3
#: Of the restricted level of pod security, container by container.
RESTRICTED = {
    "runAsNonRoot": True,
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "seccompProfile": {"type": "RuntimeDefault"},
}


def ending(objects: Rendered) -> Iterator[str]:
    """Who ends is sent nothing more, has the time to stop, and holds up no node or release."""
    for pod in objects.serving():
        hook = pod.container.get("lifecycle", {}).get("preStop", {})
        unheard = hook.get("sleep", {}).get("seconds", 0)
        if unheard < 3:
            yield f"{pod.name}: shuts its port while requests are sent to it"
        grace = pod.spec.get("terminationGracePeriodSeconds", 30)
        if grace < unheard + STOP_SECONDS + CLOSING_SECONDS:
            yield f"{pod.name}: is killed while it stops"
        if pod.owner["kind"] == "StatefulSet":
            if pod.owner["spec"].get("podManagementPolicy") != "Parallel":
                yield f"{pod.name}: a bad release stays when the one before it is brought back"
            if pod.owner["spec"].get("updateStrategy", {"type": ""})["type"] == "OnDelete":
                yield f"{pod.name}: a release comes to nobody"
        for spread in pod.spec["topologySpreadConstraints"]:
            if spread.get("nodeTaintsPolicy") != "Honor":
                yield f"{pod.name}: waits for nodes that take none of it"
        if pod.spec["securityContext"].get("fsGroupChangePolicy") != "OnRootMismatch":
            yield f"{pod.name}: walks through its disk at each start"
    for one in objects.of("PodDisruptionBudget"):
        if one["spec"].get("unhealthyPodEvictionPolicy") != "AlwaysAllow":
            yield f"{one['metadata']['name']}: what is broken keeps a node from being emptied"


def apart(objects: Rendered) -> Iterator[str]:
    """Copies of a database, and brokers, are never two on one machine."""
    for one in objects.of("Cluster"):
        told = one["spec"].get("affinity", {})
        if (told.get("podAntiAffinityType"), told.get("topologyKey")) != ("required", HOST):
            yield f"{one['metadata']['name']}: two copies on one machine"
    (cluster,) = objects.of("Kafka")
    pod = cluster["spec"]["kafka"].get("template", {}).get("pod", {})
    rules = pod.get("affinity", {}).get("podAntiAffinity", {})
    held = [
        rule["labelSelector"]
        for rule in rules.get("requiredDuringSchedulingIgnoredDuringExecution", [])
        if rule["topologyKey"] == HOST
    ]
    if not any(matches(one, {"strimzi.io/name": "hotich-kafka"}) for one in held):
        yield "Kafka: two brokers on one machine"


def archive(objects: Rendered) -> Iterator[str]:
    """Commands on the archive, run beside the audit, do not cost it its life."""
    for pod in objects.serving():
        if pod.service == AUDIT:
            (room,) = (one["emptyDir"] for one in pod.spec["volumes"] if "emptyDir" in one)
            if not room["sizeLimit"].endswith("Gi"):
                yield f"{pod.name}: is evicted for what its commands put by"
            if not pod.container["resources"]["limits"]["memory"].endswith("Gi"):
                yield f"{pod.name}: has no memory for its commands"


def listeners(objects: Rendered) -> Iterator[str]:
    """Strimzi's own policies open no listener further than ours do; its pods are restricted."""
    (cluster,) = objects.of("Kafka")
    spec = cluster["spec"]
    for one in spec["kafka"]["listeners"]:
        peers = one.get("networkPolicyPeers")
        if not peers:
            yield f"Kafka: {one['name']} is open to everybody"
        elif peers != _let_in(objects, one["port"]):
            yield f"Kafka: {one['name']} is open to others than the roads lead to"
        balanced = one.get("configuration", {}).get("externalTrafficPolicy")
        if one["type"] == "loadbalancer" and balanced != "Local":
            yield f"Kafka: {one['name']} sees nodes in the place of portals"
    told = spec["kafka"].get("template", {})
    operators = spec["entityOperator"].get("template", {})
    for name, box in (
        ("kafkaContainer", told),
        ("topicOperatorContainer", operators),
        ("userOperatorContainer", operators),
    ):
        if box.get(name, {}).get("securityContext") != RESTRICTED:
            yield f"Kafka: the namespace takes no {name}"


def _let_in(objects: Rendered, port: int) -> list[Object]:
    labels = {"strimzi.io/cluster": "hotich", "strimzi.io/name": "hotich-kafka"}
    return [
        peer
        for policy in objects.of("NetworkPolicy")
        if matches(policy["spec"]["podSelector"], labels)
        for rule in policy["spec"].get("ingress", [])
        if port in {one["port"] for one in rule.get("ports", [])}
        for peer in rule["from"]
    ]
