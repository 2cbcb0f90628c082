"""What every pod of ours has in common: rights, room, and files from secrets."""

from collections.abc import Iterable
from typing import Any

from contracts.grants import AUDIT
from deploy.manifests import plan

Object = dict[str, Any]

#: Requests and limit are one: measured 130 to 179 MB; beside the audit its commands are run on the
#: archive, 233 MB each.
MEMORY = {AUDIT: "1Gi"}
USUAL_MEMORY = "256Mi"
#: What is more is evicted: its commands put by 100 bytes an event of a partition.
ROOM = {AUDIT: "10Gi"}
USUAL_ROOM = "64Mi"

_PATHS = {
    "temporary": "/tmp",
    "settings": "/run/secrets/hotich",
    "kafka": "/run/secrets/kafka",
    "database": "/run/secrets/database",
}
_WRITTEN = ("temporary",)


def pod(service: str) -> Object:
    """Return what is said of a pod as a whole: no root, no token."""
    return {
        "serviceAccountName": service,
        "automountServiceAccountToken": False,
        "enableServiceLinks": False,
        "securityContext": {
            "runAsNonRoot": True,
            "runAsUser": 10001,
            "runAsGroup": 10001,
            "fsGroup": 10001,
            # An archive of years is not walked through at each start.
            "fsGroupChangePolicy": "OnRootMismatch",
            "seccompProfile": {"type": "RuntimeDefault"},
        },
    }


def container(service: str, name: str) -> Object:
    """Return a container with its image and settings; it has no rights and writes nowhere."""
    memory = MEMORY.get(service, USUAL_MEMORY)
    return {
        "name": name,
        # Which release it is an overlay says.
        "image": f"{plan.SYSTEM}/{service}",
        "envFrom": [{"configMapRef": {"name": f"{service}-settings"}}],
        "resources": {
            "requests": {"cpu": "250m", "memory": memory},
            "limits": {"memory": memory},
        },
        "securityContext": {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        },
    }


def authority(service: str) -> Object:
    """Return the file by which the service's database is believed."""
    return files(f"{service}-database-ca", {"ca.crt": "ca.crt"})


def files(secret: str, keys: dict[str, str]) -> Object:
    """Return these keys of a secret as files of these names."""
    items = [{"key": key, "path": path} for key, path in keys.items()]
    return {"secret": {"name": secret, "items": items}}


def projected(name: str, *sources: Object) -> Object:
    """Return a volume of files that nobody else reads."""
    return {"name": name, "projected": {"defaultMode": 0o440, "sources": list(sources)}}


def temporary(service: str) -> Object:
    """Return the one place a pod may write."""
    return {"name": "temporary", "emptyDir": {"sizeLimit": ROOM.get(service, USUAL_ROOM)}}


def mounts(volumes: Iterable[Object]) -> list[Object]:
    """Return where volumes are in a container, for reading alone but for the one."""
    return [
        {"name": one["name"], "mountPath": _PATHS[one["name"]]}
        | ({} if one["name"] in _WRITTEN else {"readOnly": True})
        for one in volumes
    ]
