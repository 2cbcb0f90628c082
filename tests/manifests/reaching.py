"""Policies of the roads: shut by default, open exactly where a setting needs it."""

import json
import re
from collections.abc import Iterator
from urllib.parse import urlsplit

from contracts.asyncapi import READS
from tests.manifests.configuring import known
from tests.manifests.rendered import COMPONENT, NAME, Object, Pod, Rendered, matches

#: Each setting that is an address, and the road it is reached by; None for what is no road of ours.
ROADS: dict[str, str | None] = {
    "KAFKA_BOOTSTRAP_SERVERS": "kafka",
    "DATABASE_URL": "database",
    "OIDC_JWKS_URL": "issuer",
    "OIDC_TOKEN_URL": "issuer",
    "REGISTER_URL": "register",
    "SMS_GATEWAYS": "sms",
    "SMTP_HOST": "mail",
    "PORTALS": "portals",
    "TSA_URL": "time-stamps",
    "SERVICES_URLS": "services",
    # Where people's browsers go, and where we listen.
    "OIDC_AUTHORIZE_URL": None,
    "OIDC_END_SESSION_URL": None,
    "PUBLIC_URL": None,
    "HTTP_HOST": None,
}
_ADDRESS = re.compile(r"(_URLS?|_HOST|_SERVERS|_GATEWAYS)$|^PORTALS$")
#: What an entrance may show; everything else of a process stays inside.
SHOWN = {
    "citizens": {"/tra-cuu", "/static", "/.well-known/hotich-receipts.json"},
    "portals": {"/v1/submissions", "/v1/feed", "/v1/deliveries", "/v1/retry-schedule"},
    "officers": {"/", "/mot-cua", "/dang-nhap", "/dang-xuat", "/static"},
    "provinces": {"/", "/tien-do", "/van-hanh", "/dang-nhap", "/dang-xuat", "/static"},
}


def shut(objects: Rendered) -> Iterator[str]:
    """All is shut for everybody, both ways, and names can be asked for."""
    closed = {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]}
    if not any(one["spec"] == closed for one in objects.of("NetworkPolicy")):
        yield "not shut by default"
    for one in objects.of("NetworkPolicy"):
        for rule in one["spec"].get("ingress", []):
            if not rule.get("from"):
                yield f"{one['metadata']['name']}: lets everybody in"
        for rule in one["spec"].get("egress", []):
            if not rule.get("to") and not _is_api(rule):
                yield f"{one['metadata']['name']}: lets out to everywhere"
        for cidr in _networks(one):
            if cidr.endswith("/0"):
                yield f"{one['metadata']['name']}: {cidr} is everybody"


def _is_api(rule: Object) -> bool:
    """The cluster's own interface has no pod to name; operated pods alone go there."""
    return {one["port"] for one in rule.get("ports", [])} == {443, 6443}


def _networks(policy: Object) -> Iterator[str]:
    for way, word in (("ingress", "from"), ("egress", "to")):
        for rule in policy["spec"].get(way, []):
            for peer in rule.get(word, []):
                if "ipBlock" in peer:
                    yield peer["ipBlock"]["cidr"]


def roads(objects: Rendered) -> Iterator[str]:
    """Each pod can leave by the roads its settings need, and by no other."""
    for pod in objects.serving():
        needed = set()
        for name in known(pod.service):
            if name in ROADS:
                needed |= {ROADS[name]} - {None}
            elif _ADDRESS.search(name):
                yield f"{pod.name}: {name} is an address of which no road is known"
        open_ = set(_open(objects, pod))
        yield from (f"{pod.name}: no road to {one}" for one in sorted(needed - open_))
        yield from (f"{pod.name}: a road to {one} nobody needs" for one in sorted(open_ - needed))
    for pod in objects.migrating():
        if set(_open(objects, pod)) != {"database"}:
            yield f"{pod.name}: needs the road to its database alone"


def _open(objects: Rendered, pod: Pod) -> Iterator[str]:
    """Return the roads that policies open to a pod."""
    for policy in objects.of("NetworkPolicy"):
        if not matches(policy["spec"]["podSelector"], pod.labels):
            continue
        for rule in policy["spec"].get("egress", []):
            name = policy["metadata"]["name"]
            if name == "names":
                continue
            yield name.removeprefix("road-to-") if "road-to-" in name else _inside(rule, pod)


def _inside(rule: Object, pod: Pod) -> str:
    (peer,) = rule["to"]
    ports = {one["port"] for one in rule["ports"]}
    labels = peer["podSelector"].get("matchLabels", {})
    if labels == {"cnpg.io/cluster": f"{pod.service}-database"} and ports == {5432}:
        return "database"
    if labels.get("strimzi.io/name") == "hotich-kafka" and ports == {9093}:
        return "kafka"
    asked = [one["values"] for one in peer["podSelector"].get("matchExpressions", [])]
    if asked == [list(READS)] and ports == {"http"}:
        return "services"
    return f"{labels or asked} at {sorted(map(str, ports))}"


def entered(objects: Rendered) -> Iterator[str]:
    """Who is called is let in by those who call: Prometheus, the board, entrances."""
    served = {
        path["backend"]["service"]["name"]
        for one in objects.of("Ingress")
        for path in one["spec"]["rules"][0]["http"]["paths"]
    }
    for pod in objects.serving():
        rooms, callers = _callers(objects, pod)
        wanted = {"monitoring"} | ({"ingress"} if pod.service in served else set())
        if objects.of("Ingress") and rooms != wanted:
            yield f"{pod.name}: lets in {sorted(rooms)}"
        own = {name for name in callers if name != "sandbox"}
        if own != ({"board"} if pod.service in READS else set()):
            yield f"{pod.name}: is called by {sorted(own)}"


def _callers(objects: Rendered, pod: Pod) -> tuple[set[str], set[str]]:
    rooms, callers = set(), set()
    for policy in objects.of("NetworkPolicy"):
        if matches(policy["spec"]["podSelector"], pod.labels):
            for rule in policy["spec"].get("ingress", []):
                for peer in rule["from"]:
                    room = peer.get("namespaceSelector", {}).get("matchLabels", {})
                    rooms |= set(room.values())
                    callers |= {
                        other.service
                        for other in objects.pods()
                        if "podSelector" in peer
                        and other.labels[COMPONENT] != "migration"
                        and matches(peer["podSelector"], other.labels)
                    }
    return rooms, callers


def databases_apart(objects: Rendered) -> Iterator[str]:
    """A database lets in its own service and nobody else's."""
    for one in objects.of("Cluster"):
        name = one["metadata"]["name"]
        for policy in objects.of("NetworkPolicy"):
            if not matches(policy["spec"]["podSelector"], {"cnpg.io/cluster": name}):
                continue
            for rule in policy["spec"].get("ingress", []):
                yield from _strangers(objects, name, policy, rule)


def _strangers(objects: Rendered, name: str, policy: Object, rule: Object) -> Iterator[str]:
    for pod in objects.pods():
        if f"{pod.service}-database" == name:
            continue
        for peer in rule["from"]:
            if "podSelector" in peer and matches(peer["podSelector"], pod.labels):
                yield f"{policy['metadata']['name']}: lets in {pod.service}"


def entrances(objects: Rendered) -> Iterator[str]:
    """Entrances show the paths that are meant, at the host the service calls its own, by TLS."""
    services = {one["metadata"]["name"]: one for one in objects.of("Service")}
    pods = {pod.service: pod for pod in objects.serving()}
    for one in objects.of("Ingress"):
        name, spec = one["metadata"]["name"], one["spec"]
        (rule,) = spec["rules"]
        paths = {path["path"] for path in rule["http"]["paths"]}
        if paths != SHOWN.get(name):
            yield f"Ingress {name}: shows {sorted(paths ^ SHOWN.get(name, set()))}"
        if spec["tls"][0]["hosts"] != [rule["host"]]:
            yield f"Ingress {name}: without TLS"
        for path in rule["http"]["paths"]:
            to = path["backend"]["service"]
            ports = services.get(to["name"], {"spec": {"ports": []}})["spec"]["ports"]
            if to["port"]["name"] not in {port["name"] for port in ports}:
                yield f"Ingress {name}: {path['path']} leads nowhere"
            public = objects.told(pods[to["name"]]).get("PUBLIC_URL", "")
            if urlsplit(public).hostname != rule["host"]:
                yield f"Ingress {name}: {to['name']} calls itself {public or 'nothing'}"


def addresses(objects: Rendered) -> Iterator[str]:
    """An address in the settings is reached by the port its road has."""
    outside = {
        one["metadata"]["name"].removeprefix("road-to-"): one["spec"]["egress"][0]["ports"][0][
            "port"
        ]
        for one in objects.of("NetworkPolicy")
        if one["metadata"]["name"].startswith("road-to-")
    }
    services = {one["metadata"]["name"]: one for one in objects.of("Service")}
    for pod in objects.serving():
        told = objects.told(pod)
        for name, road in ROADS.items():
            if name in told and road in outside and name.endswith("_URL"):
                url = urlsplit(told[name])
                if (url.port or {"https": 443, "http": 80}[url.scheme]) != outside[road]:
                    yield f"{pod.name}: {name} is at another port than its road"
        if "SMTP_PORT" in told and int(told["SMTP_PORT"]) != outside["mail"]:
            yield f"{pod.name}: SMTP_PORT is another than its road's"
        for urls in json.loads(told.get("SERVICES_URLS", "{}")).values():
            yield from _members(objects, services, urls)


def _members(objects: Rendered, services: dict[str, Object], urls: list[str]) -> Iterator[str]:
    """The board asks replicas that are always there."""
    for url in [urls] if isinstance(urls, str) else urls:
        at = urlsplit(url)
        member, _, head = (at.hostname or "").partition(".")
        service, _, ordinal = member.rpartition("-")
        found = services.get(head, {"spec": {"ports": [{"port": None}], "selector": {}}})["spec"]
        if found["ports"][0]["port"] != at.port or found["selector"].get(NAME) != service:
            yield f"board: {url} leads nowhere"
        elif int(ordinal) >= least(objects, service):
            yield f"board: {url} is not always there"


def least(objects: Rendered, service: str) -> int:
    """Return the replicas of a service there are at the least."""
    for one in objects.of("ScaledObject"):
        if one["spec"]["scaleTargetRef"]["name"] == service:
            return int(one["spec"]["minReplicaCount"])
    (owner,) = (pod.owner for pod in objects.serving() if pod.service == service)
    return int(owner["spec"].get("replicas", 1))
