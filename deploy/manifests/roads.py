"""Who may talk to whom: all is shut, and each road that a setting needs is opened."""

from dataclasses import dataclass
from typing import Any

from contracts.grants import AUDIT
from deploy.manifests import plan
from deploy.manifests.workloads import PORT

Object = dict[str, Any]

#: Namespaces that are let in carry this label: `ingress`, `monitoring`, `operators`.
ROLE = "hotich.example/role"
#: Addresses nobody has (RFC 5737): an overlay puts the installation's own in their place.
NOWHERE = "192.0.2.0/24"


@dataclass(frozen=True)
class Outside:
    """A system that is not ours: its road's name, who takes the road, and the setting it is for."""

    name: str
    who: tuple[str, ...]
    settings: tuple[str, ...]
    port: int


OUTSIDE = (
    Outside("issuer", plan.SERVICES, ("OIDC_JWKS_URL", "OIDC_TOKEN_URL"), 443),
    Outside("register", ("registry-sync",), ("REGISTER_URL",), 443),
    Outside("sms", ("notifier",), ("SMS_GATEWAYS",), 443),
    Outside("mail", ("notifier",), ("SMTP_HOST",), 587),
    Outside("portals", ("notifier",), ("PORTALS",), 443),
    Outside("time-stamps", (AUDIT,), ("TSA_URL",), 443),
)
#: Whose pages and interfaces are reached from outside, by an ingress.
SERVED = ("intake", "routing", "notifier", plan.BOARD)
#: Whom the board asks.
ASKED = plan.WITH_DATABASE


def policies() -> list[Object]:
    """Return all roads inside the namespace and out of it."""
    made = [_shut(), _names()]
    made += [_of_service(name) for name in plan.SERVICES]
    made += [_of_migration(name) for name in plan.WITH_DATABASE]
    made += [_out(one) for one in OUTSIDE]
    made += [_of_database(name) for name in plan.WITH_DATABASE]
    return made


def _policy(name: str, spec: Object) -> Object:
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/part-of": plan.SYSTEM}},
        "spec": spec,
    }


def _shut() -> Object:
    return _policy("all-shut", {"podSelector": {}, "policyTypes": ["Ingress", "Egress"]})


def _names() -> Object:
    to = {
        "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": "kube-system"}},
        "podSelector": {"matchLabels": {"k8s-app": "kube-dns"}},
    }
    ports = [{"protocol": protocol, "port": 53} for protocol in ("UDP", "TCP")]
    return _policy(
        "names",
        {"podSelector": {}, "policyTypes": ["Egress"], "egress": [{"to": [to], "ports": ports}]},
    )


def _pods(*services: str, component: str = "service") -> Object:
    return {
        "matchLabels": {"app.kubernetes.io/component": component},
        "matchExpressions": [
            {"key": "app.kubernetes.io/name", "operator": "In", "values": list(services)}
        ],
    }


def _room(role: str) -> Object:
    return {"namespaceSelector": {"matchLabels": {ROLE: role}}}


def _port(port: int | str) -> list[Object]:
    return [{"protocol": "TCP", "port": port}]


def _of_service(service: str) -> Object:
    callers: list[Object] = [_room("monitoring")]
    if service in SERVED:
        callers.append(_room("ingress"))
    if service in ASKED:
        callers.append({"podSelector": _pods(plan.BOARD)})
    egress: list[Object] = []
    if service in plan.WITH_DATABASE:
        egress.append(_to_database(service))
    if service in plan.ON_KAFKA:
        egress.append({"to": [{"podSelector": _brokers()}], "ports": _port(plan.KAFKA_PORT)})
    if service == plan.BOARD:
        egress.append({"to": [{"podSelector": _pods(*ASKED)}], "ports": _port(PORT)})
    return _policy(
        service,
        {
            "podSelector": _pods(service),
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [{"from": callers, "ports": _port(PORT)}],
            "egress": egress,
        },
    )


def _of_migration(service: str) -> Object:
    return _policy(
        f"{service}-migrate",
        {
            "podSelector": _pods(service, component="migration"),
            "policyTypes": ["Egress"],
            "egress": [_to_database(service)],
        },
    )


def _to_database(service: str) -> Object:
    return {
        "to": [{"podSelector": {"matchLabels": {"cnpg.io/cluster": f"{service}-database"}}}],
        "ports": _port(plan.DATABASE_PORT),
    }


def _brokers() -> Object:
    return {
        "matchLabels": {"strimzi.io/cluster": plan.KAFKA, "strimzi.io/name": f"{plan.KAFKA}-kafka"}
    }


def _out(road: Outside) -> Object:
    return _policy(
        f"road-to-{road.name}",
        {
            "podSelector": _pods(*road.who),
            "policyTypes": ["Egress"],
            "egress": [{"to": [{"ipBlock": {"cidr": NOWHERE}}], "ports": _port(road.port)}],
        },
    )


def _of_database(service: str) -> Object:
    """Let in its own service and migration, its copies and its operator; out to copies and API."""
    own = {"podSelector": {"matchLabels": {"cnpg.io/cluster": f"{service}-database"}}}
    clients: list[Object] = [
        {"podSelector": _pods(service)},
        {"podSelector": _pods(service, component="migration")},
        own,
    ]
    return _policy(
        f"{service}-database",
        {
            "podSelector": own["podSelector"],
            "policyTypes": ["Ingress", "Egress"],
            "ingress": [
                {"from": clients, "ports": _port(plan.DATABASE_PORT)},
                {"from": [_room("operators"), own], "ports": _port(8000)},
                {"from": [_room("monitoring")], "ports": _port(9187)},
            ],
            "egress": [
                {"to": [own], "ports": [*_port(plan.DATABASE_PORT), *_port(8000)]},
                kubernetes_api(),
            ],
        },
    )


def kubernetes_api() -> Object:
    """Return the road to the cluster's own interface, which has no pod to name."""
    return {"ports": [*_port(443), *_port(6443)]}
