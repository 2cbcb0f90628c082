"""Small wrongs in what production comes to, each of which a policy has to see."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.manifests.rendered import Object, Rendered

Act = Callable[[Rendered], object]


@dataclass(frozen=True)
class Break:
    """What somebody got wrong, the policy that sees it, and a word of what it says."""

    policy: str
    what: str
    act: Act
    seen: str


def pod(objects: Rendered, service: str) -> Object:
    return next(pod.spec for pod in objects.serving() if pod.service == service)


def box(objects: Rendered, service: str) -> Object:
    return pod(objects, service)["containers"][0]


def job(objects: Rendered, service: str) -> Object:
    return objects.one("Job", f"{service}-migrate")["spec"]["template"]["spec"]


def told(objects: Rendered, service: str) -> Object:
    name = box(objects, service)["envFrom"][0]["configMapRef"]["name"]
    return objects.one("ConfigMap", name)["data"]


def policy(objects: Rendered, name: str) -> Object:
    return objects.one("NetworkPolicy", name)["spec"]


def items(objects: Rendered, service: str) -> list[Object]:
    (volume,) = (v for v in pod(objects, service)["volumes"] if v["name"] == "settings")
    return volume["projected"]["sources"][0]["secret"]["items"]


def kafka(objects: Rendered) -> Object:
    return objects.one("Kafka", "hotich")["spec"]["kafka"]


def rules(objects: Rendered, user: str) -> list[Object]:
    return objects.one("KafkaUser", user)["spec"]["authorization"]["acls"]


def paths(objects: Rendered, name: str) -> list[Object]:
    return objects.one("Ingress", name)["spec"]["rules"][0]["http"]["paths"]


def scaled(objects: Rendered, service: str = "routing") -> Object:
    return objects.one("ScaledObject", service)["spec"]


def without(objects: Rendered, kind: str, name: str) -> None:
    objects.remove(objects.one(kind, name))


def also(objects: Rendered, name: str, port: int, labels: dict[str, str]) -> None:
    """Open one more road to the pods of a policy."""
    to = {"podSelector": {"matchLabels": labels}}
    ports = [{"protocol": "TCP", "port": port}]
    policy(objects, name)["egress"].append({"to": [to], "ports": ports})
