"""Policies of the pods themselves: what they may do, what they run, what selects them."""

import re
from collections.abc import Iterator

from deploy.manifests.writing import FOLDER
from tests.manifests.rendered import COMPONENT, NAME, OPERATED, Object, Pod, Rendered, matches

_TAG = re.compile(r"hotich/([a-z-]+):\d+\.\d+\.\d+(-[a-z0-9.]+)?(@sha256:[0-9a-f]{64})?")
_TARGET = re.compile(r"^FROM \S+ AS (\S+)$", re.MULTILINE)


def hardened(objects: Rendered) -> Iterator[str]:
    """No root, no writing, no privileges, no token, bounded memory."""
    for pod in objects.pods():
        held = pod.spec["securityContext"]
        own = pod.container["securityContext"]
        asked = pod.container["resources"]
        wanted = {
            "runs as root": held.get("runAsNonRoot") is True and held.get("runAsUser", 0) > 0,
            "seccomp": held.get("seccompProfile") == {"type": "RuntimeDefault"},
            "escalation": own.get("allowPrivilegeEscalation") is False,
            "writes": own.get("readOnlyRootFilesystem") is True,
            "capabilities": own.get("capabilities") == {"drop": ["ALL"]},
            "privileged": not own.get("privileged"),
            "token": pod.spec.get("automountServiceAccountToken") is False,
            "host": not {"hostNetwork", "hostPID", "hostIPC"} & set(pod.spec),
            "disk of the host": all("hostPath" not in one for one in pod.spec["volumes"]),
            "memory": asked["limits"]["memory"] == asked["requests"]["memory"],
            "cpu": "cpu" in asked["requests"],
            "links": pod.spec.get("enableServiceLinks") is False,
        }
        yield from (f"{pod.name}: {what}" for what, is_so in wanted.items() if not is_so)


def accounts(objects: Rendered) -> Iterator[str]:
    """Every pod has an account of its own service, which has no token and no right."""
    for pod in objects.pods():
        if pod.spec.get("serviceAccountName") != pod.service:
            yield f"{pod.name}: account"
    named = {one["metadata"]["name"]: one for one in objects.of("ServiceAccount")}
    for pod in objects.pods():
        if named.get(pod.service, {}).get("automountServiceAccountToken") is not False:
            yield f"{pod.service}: its account gives a token, or is not there"
    yield from (f"{one['kind']}: a right" for one in objects.of("Role", "RoleBinding"))


def images(objects: Rendered) -> Iterator[str]:
    """Each runs the image of its own service, of a named release; the Dockerfile makes it."""
    text = (FOLDER / "containers" / "Dockerfile").read_text("utf-8")
    made = set(_TARGET.findall(text))
    for pod in objects.pods():
        found = _TAG.fullmatch(pod.container["image"])
        if found is None:
            yield f"{pod.name}: {pod.container['image']} names no release"
        elif found[1] != pod.service or found[1] not in made:
            yield f"{pod.name}: {found[1]} is not its image, or is not made"


def selectors(objects: Rendered) -> Iterator[str]:
    """Whatever selects pods selects those it is meant for, and some at all."""
    pods = list(objects.pods())
    for pod in pods:
        chosen = pod.owner["spec"].get("selector")
        if chosen and not matches(chosen, pod.labels):
            yield f"{pod.name}: does not select its own pods"
        for spread in pod.spec.get("topologySpreadConstraints", []):
            if not matches(spread["labelSelector"], pod.labels):
                yield f"{pod.name}: spreads other pods"
    for one in objects.of("Service"):
        yield from _meant(one, {"matchLabels": one["spec"]["selector"]}, pods)
    for one in objects.of("PodDisruptionBudget"):
        yield from _meant(one, one["spec"]["selector"], pods)
    for one in objects.of("PodMonitor"):
        found = {pod.name for pod in pods if matches(one["spec"]["selector"], pod.labels)}
        if found != {pod.name for pod in objects.serving()}:
            yield "PodMonitor: does not scrape every service, or scrapes what is none"
    for one in objects.of("NetworkPolicy"):
        yield from _of_policy(one, pods)


def _meant(one: Object, selector: Object, pods: list[Pod]) -> Iterator[str]:
    name = one["metadata"]["name"]
    found = {pod.name for pod in pods if matches(selector, pod.labels)}
    if found != {name.removesuffix("-members")}:
        yield f"{one['kind']} {name}: selects {sorted(found)}"


def _of_policy(policy: Object, pods: list[Pod]) -> Iterator[str]:
    spec = policy["spec"]
    peers = [
        peer["podSelector"]
        for way, word in (("ingress", "from"), ("egress", "to"))
        for rule in spec.get(way, [])
        for peer in rule.get(word, [])
        if "podSelector" in peer and "namespaceSelector" not in peer
    ]
    for selector in (spec["podSelector"], *peers):
        operated = {**selector.get("matchLabels", {})} | {
            one["key"]: "" for one in selector.get("matchExpressions", [])
        }
        if set(operated) & set(OPERATED):
            continue
        for service in _named(selector) or [None]:
            if not any(
                matches(selector, pod.labels) and service in (None, pod.service) for pod in pods
            ):
                yield f"NetworkPolicy {policy['metadata']['name']}: nobody is {service or selector}"


def _named(selector: Object) -> list[str]:
    return [
        value
        for one in selector.get("matchExpressions", [])
        if one["key"] == NAME
        for value in one["values"]
    ]


def ports(objects: Rendered) -> Iterator[str]:
    """Names of ports lead to ports, settings say the same number, probes ask what is answered."""
    by_service = {
        pod.service: pod for pod in objects.pods() if pod.labels[COMPONENT] != "migration"
    }
    for pod in objects.serving():
        if int(objects.told(pod)["HTTP_PORT"]) not in pod.port_names.values():
            yield f"{pod.name}: listens elsewhere"
        asked = {"livenessProbe": "live", "readinessProbe": "ready", "startupProbe": "live"}
        for probe, path in asked.items():
            http = pod.container.get(probe, {}).get("httpGet", {})
            if http.get("path") != f"/health/{path}" or http.get("port") not in pod.port_names:
                yield f"{pod.name}: {probe} asks nobody"
    for one in objects.of("Service"):
        served = by_service[one["spec"]["selector"][NAME]].port_names
        for port in one["spec"]["ports"]:
            if served.get(port["targetPort"]) != port["port"]:
                yield f"Service {one['metadata']['name']}: {port['name']} leads nowhere"
    services = {one["metadata"]["name"]: one for one in objects.of("Service")}
    for one in objects.of("StatefulSet"):
        head = services.get(one["spec"]["serviceName"], {"spec": {}})
        if head["spec"].get("clusterIP") != "None":
            yield f"{one['metadata']['name']}: its members have no names"
    for one in objects.of("PodMonitor"):
        for end in one["spec"]["podMetricsEndpoints"]:
            if (end["port"], end["path"]) != ("http", "/metrics"):
                yield "PodMonitor: asks what is not answered"
