"""The processes: what runs them, where they are reached, who may be stopped when."""

from typing import Any

from contracts.grants import AUDIT
from deploy.manifests import plan, pods

Object = dict[str, Any]

PORT = "http"
#: The label of an ordinal, which outlives the pod: a lasting name in the consumer group.
ORDINAL = "metadata.labels['apps.kubernetes.io/pod-index']"
#: So long a pod that ends may still be sent requests; then it has the rest to stop, at most 27.
UNHEARD_SECONDS = 5
STOP_SECONDS = 45


def labels(service: str) -> dict[str, str]:
    """Return what selects the pods that serve, and nothing else."""
    return {"app.kubernetes.io/name": service, "app.kubernetes.io/component": "service"}


def objects_of(service: str) -> list[Object]:
    """Return everything of one service, its database apart."""
    made = [_account(service), _service(service), _budget(service)]
    if service == plan.BOARD:
        return [*made, _deployment(service)]
    made += [_members(service), _stateful(service)]
    return [*made, _migration(service)] if service in plan.WITH_DATABASE else made


def _named(api: str, kind: str, name: str, service: str, component: str = "service") -> Object:
    meta = {
        "app.kubernetes.io/name": service,
        "app.kubernetes.io/component": component,
        "app.kubernetes.io/part-of": plan.SYSTEM,
    }
    return {"apiVersion": api, "kind": kind, "metadata": {"name": name, "labels": meta}}


def _account(service: str) -> Object:
    made = _named("v1", "ServiceAccount", service, service)
    return made | {"automountServiceAccountToken": False}


def _service(service: str) -> Object:
    port = {"name": PORT, "port": plan.PORTS[service], "targetPort": PORT}
    return _named("v1", "Service", service, service) | {
        "spec": {"selector": labels(service), "ports": [port]}
    }


def _members(service: str) -> Object:
    """Give each replica a name of its own, also while it is not ready."""
    port = {"name": PORT, "port": plan.PORTS[service], "targetPort": PORT}
    return _named("v1", "Service", f"{service}-members", service) | {
        "spec": {
            "clusterIP": "None",
            "publishNotReadyAddresses": True,
            "selector": labels(service),
            "ports": [port],
        }
    }


def _budget(service: str) -> Object:
    return _named("policy/v1", "PodDisruptionBudget", service, service) | {
        "spec": {
            "maxUnavailable": 1,
            # A pod that is not ready keeps no node from being emptied.
            "unhealthyPodEvictionPolicy": "AlwaysAllow",
            "selector": {"matchLabels": labels(service)},
        }
    }


def _deployment(service: str) -> Object:
    return _named("apps/v1", "Deployment", service, service) | {
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels(service)},
            "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
            "template": _template(service),
        }
    }


def _stateful(service: str) -> Object:
    spec: Object = {
        "replicas": 1,
        "serviceName": f"{service}-members",
        # Members wait for nobody at their start; still they are replaced one after the other, and
        # a release that never becomes ready gives way to the one before it without help.
        "podManagementPolicy": "Parallel",
        "selector": {"matchLabels": labels(service)},
        "template": _template(service),
    }
    if service == AUDIT:
        spec["volumeClaimTemplates"] = [_archive()]
    return _named("apps/v1", "StatefulSet", service, service) | {"spec": spec}


def _archive() -> Object:
    return {
        "metadata": {"name": "archive"},
        "spec": {
            "accessModes": ["ReadWriteOnce"],
            "resources": {"requests": {"storage": "20Gi"}},
        },
    }


def _template(service: str) -> Object:
    return {
        "metadata": {"labels": labels(service) | {"app.kubernetes.io/part-of": plan.SYSTEM}},
        "spec": pods.pod(service)
        | {
            "terminationGracePeriodSeconds": STOP_SECONDS,
            "topologySpreadConstraints": [
                _spread("kubernetes.io/hostname", "DoNotSchedule", service),
                _spread("topology.kubernetes.io/zone", "ScheduleAnyway", service),
            ],
            "containers": [_serving(service)],
            "volumes": _volumes(service),
        },
    }


def _spread(key: str, otherwise: str, service: str) -> Object:
    return {
        "maxSkew": 1,
        "topologyKey": key,
        "whenUnsatisfiable": otherwise,
        # Nodes that take none of these pods are no place that lacks one.
        "nodeTaintsPolicy": "Honor",
        "labelSelector": {"matchLabels": labels(service)},
    }


def _serving(service: str) -> Object:
    port = plan.PORTS[service]
    made = pods.container(service, service) | {
        "ports": [{"name": PORT, "containerPort": port}],
        # It waits for its database, which may take its time; who was restarted waits on.
        "startupProbe": _probe("/health/live", period=5, failures=120),
        "livenessProbe": _probe("/health/live", period=10, failures=3),
        "readinessProbe": _probe("/health/ready", period=5, failures=2),
        # Entrances hear of the end before the port shuts.
        "lifecycle": {"preStop": {"sleep": {"seconds": UNHEARD_SECONDS}}},
        "volumeMounts": pods.mounts(_volumes(service)),
    }
    if service == AUDIT:
        made["volumeMounts"].append({"name": "archive", "mountPath": "/archive"})
    if service in plan.WITH_DATABASE:
        made["env"] = [{"name": "REPLICA", "valueFrom": {"fieldRef": {"fieldPath": ORDINAL}}}]
    return made


def _probe(path: str, *, period: int, failures: int) -> Object:
    return {
        "httpGet": {"path": path, "port": PORT},
        "periodSeconds": period,
        "timeoutSeconds": 5,
        "failureThreshold": failures,
    }


def _volumes(service: str) -> list[Object]:
    made: list[Object] = [
        pods.temporary(service),
        pods.projected(
            "settings",
            *(
                pods.files(s.name, dict(zip(s.keys, s.keys, strict=True)))
                for s in plan.secrets_of(service)
            ),
        ),
    ]
    if service in plan.ON_KAFKA:
        ours = {"user.crt": "user.crt", "user.key": "user.key"}
        theirs = pods.files(f"{plan.KAFKA}-cluster-ca-cert", {"ca.crt": "ca.crt"})
        made.append(pods.projected("kafka", pods.files(service, ours), theirs))
    if service in plan.WITH_DATABASE:
        made.append(pods.projected("database", pods.authority(service)))
    return made


def _migration(service: str) -> Object:
    """Apply the migrations as the owner, whose address the database's operator wrote."""
    name = f"{service}-migrate"
    owner = pods.files(f"{service}-database-app", {"uri": "database_url"})
    volumes: list[Object] = [
        pods.temporary(service),
        pods.projected("settings", owner),
        pods.projected("database", pods.authority(service)),
    ]
    container = pods.container(service, "migrate") | {
        "args": ["migrate"],
        "env": [{"name": "RUNTIME_ROLE", "value": plan.runtime_role(service)}],
        "volumeMounts": pods.mounts(volumes),
    }
    meta = {
        "app.kubernetes.io/name": service,
        "app.kubernetes.io/component": "migration",
        "app.kubernetes.io/part-of": plan.SYSTEM,
    }
    return _named("batch/v1", "Job", name, service, "migration") | {
        "spec": {
            "backoffLimit": 10,
            "ttlSecondsAfterFinished": 86400,
            "template": {
                "metadata": {"labels": meta},
                "spec": pods.pod(service)
                | {"restartPolicy": "OnFailure", "containers": [container], "volumes": volumes},
            },
        }
    }
