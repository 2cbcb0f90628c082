"""What an overlay comes to, with the questions policies ask it."""

import copy
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, NoReturn

import jsonschema
import pytest

from deploy.manifests import schemas
from deploy.manifests.rendering import NoRenderer, render
from deploy.manifests.writing import FOLDER, OVERLAYS

Object = dict[str, Any]
NAME, COMPONENT = "app.kubernetes.io/name", "app.kubernetes.io/component"
WORKLOADS = ("Deployment", "StatefulSet", "Job")
#: The labels the operators of databases and of Kafka put on their pods.
OPERATED = ("cnpg.io/cluster", "strimzi.io/cluster", "strimzi.io/name")


@dataclass(frozen=True)
class Pod:
    """The pods of one workload."""

    owner: Object
    labels: Mapping[str, str]
    spec: Object

    @property
    def name(self) -> str:
        return str(self.owner["metadata"]["name"])

    @property
    def service(self) -> str:
        return self.labels[NAME]

    @property
    def container(self) -> Object:
        (only,) = self.spec["containers"]
        return only

    @property
    def port_names(self) -> dict[str, int]:
        return {one["name"]: one["containerPort"] for one in self.container.get("ports", [])}


class Rendered(list[Object]):
    """The objects of an overlay."""

    def of(self, *kinds: str) -> list[Object]:
        return [one for one in self if one["kind"] in kinds]

    def one(self, kind: str, name: str) -> Object:
        (found,) = (one for one in self.of(kind) if one["metadata"]["name"] == name)
        return found

    def pods(self) -> Iterator[Pod]:
        for owner in self.of(*WORKLOADS):
            template = owner["spec"]["template"]
            yield Pod(owner, template["metadata"]["labels"], template["spec"])

    def serving(self) -> list[Pod]:
        return [pod for pod in self.pods() if pod.labels[COMPONENT] == "service"]

    def migrating(self) -> list[Pod]:
        return [pod for pod in self.pods() if pod.labels[COMPONENT] == "migration"]

    def told(self, pod: Pod) -> dict[str, str]:
        """Return the variables of a pod that have a value in the manifest."""
        made: dict[str, str] = {}
        for one in pod.container.get("envFrom", []):
            made |= self.one("ConfigMap", one["configMapRef"]["name"])["data"]
        for one in pod.container.get("env", []):
            made[one["name"]] = one.get("value", "0")
        return made

    def files(self, pod: Pod) -> dict[str, str]:
        """Return path -> secret/key of every file a pod is given."""
        mounts = {one["name"]: one["mountPath"] for one in pod.container["volumeMounts"]}
        return {
            f"{mounts[volume['name']]}/{item['path']}": f"{source['secret']['name']}/{item['key']}"
            for volume in pod.spec["volumes"]
            if volume["name"] in mounts
            for source in volume.get("projected", {}).get("sources", [])
            for item in source["secret"]["items"]
        }


def matches(selector: Object, labels: Mapping[str, str]) -> bool:
    """Return whether a label selector takes these labels."""
    wanted = selector.get("matchLabels", {}).items()
    for one in selector.get("matchExpressions", []):
        if one["operator"] == "Exists":
            if one["key"] not in labels:
                return False
        elif labels.get(one["key"]) not in one["values"]:
            return False
    return all(labels.get(name) == value for name, value in wanted)


@cache
def _rendered(overlay: str) -> list[Object]:
    return render(FOLDER / "overlays" / overlay)


def rendered(overlay: str) -> Rendered:
    """Return an overlay, which the caller may break; skips where nothing can render."""
    try:
        return Rendered(copy.deepcopy(_rendered(overlay)))
    except NoRenderer as error:
        left_out(str(error))


def left_out(why: str) -> NoReturn:
    """Skip the test, or fail it where everything has to be there."""
    if os.environ.get("HOTICH_MANIFESTS") == "required":
        pytest.fail(why)
    pytest.skip(why)


def wrong(one: Object) -> list[str]:
    """Return what a server would say of an object."""
    schema = schemas.schema_of(one["apiVersion"], one["kind"])
    return [
        f"{one['kind']} {one['metadata']['name']}: {e.json_path}: {e.message}"
        for e in jsonschema.Draft7Validator(schema).iter_errors(one)
    ]


EVERY = pytest.mark.parametrize("overlay", OVERLAYS)
