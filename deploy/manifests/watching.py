"""What Prometheus scrapes, and when a service is given more replicas."""

from pathlib import Path
from typing import Any

import yaml

from deploy.manifests import plan
from deploy.manifests.workloads import PORT

Object = dict[str, Any]

#: So old may the oldest record that waits become before one more replica is wanted.
WAITING_SECONDS = 30
#: So many records may wait for each replica.
WAITING_RECORDS = 2000
MOST = 6
#: Where the cluster's Prometheus answers; an overlay may put another in its place.
PROMETHEUS = "http://prometheus-operated.monitoring.svc:9090"


def scraped() -> Object:
    """Return what the operator of Prometheus is told: every process, every half minute."""
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PodMonitor",
        "metadata": {"name": plan.SYSTEM, "labels": {"app.kubernetes.io/part-of": plan.SYSTEM}},
        "spec": {
            # Alerts and dashboards ask for the job `hotich`.
            "jobLabel": "app.kubernetes.io/part-of",
            "selector": {
                "matchLabels": {
                    "app.kubernetes.io/part-of": plan.SYSTEM,
                    "app.kubernetes.io/component": "service",
                }
            },
            "podMetricsEndpoints": [{"port": PORT, "path": "/metrics", "interval": "30s"}],
        },
    }


def alerting(alerts: Path) -> list[Object]:
    """Return the alert rules of that folder as the operator of Prometheus takes them."""
    return [
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "PrometheusRule",
            "metadata": {
                "name": f"{plan.SYSTEM}-{path.stem}",
                "labels": {"app.kubernetes.io/part-of": plan.SYSTEM},
            },
            "spec": {"groups": yaml.safe_load(path.read_text("utf-8"))["groups"]},
        }
        for path in sorted(alerts.glob("*.yaml"))
    ]


def scaled(service: str) -> Object:
    """Return when the service grows and shrinks; what is parked does not wait for it.

    A group has no use for more members than a topic has partitions. Shrinking waits ten minutes,
    for each member that comes or goes moves partitions.
    """
    most = min(MOST, plan.CEILING[service])
    mine = f'{{service="{service}"}}'
    return {
        "apiVersion": "keda.sh/v1alpha1",
        "kind": "ScaledObject",
        "metadata": {
            "name": service,
            "labels": {
                "app.kubernetes.io/name": service,
                "app.kubernetes.io/part-of": plan.SYSTEM,
            },
        },
        "spec": {
            "scaleTargetRef": {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": service},
            "minReplicaCount": 2,
            "maxReplicaCount": most,
            "pollingInterval": 30,
            "fallback": {
                "failureThreshold": 4,
                "replicas": 2,
                "behavior": "currentReplicasIfHigher",
            },
            "advanced": {
                "horizontalPodAutoscalerConfig": {
                    "behavior": {
                        "scaleUp": {
                            "stabilizationWindowSeconds": 120,
                            "policies": [{"type": "Pods", "value": 1, "periodSeconds": 120}],
                        },
                        "scaleDown": {
                            "stabilizationWindowSeconds": 600,
                            "policies": [{"type": "Pods", "value": 1, "periodSeconds": 300}],
                        },
                    }
                }
            },
            "triggers": [
                _asked(f"max(dossiers_lag_oldest_seconds{mine})", WAITING_SECONDS),
                _asked(f"sum(dossiers_lag_records{mine})", WAITING_RECORDS),
            ],
        },
    }


def _asked(query: str, each: int) -> Object:
    return {
        "type": "prometheus",
        "metricType": "AverageValue",
        "metadata": {
            "serverAddress": PROMETHEUS,
            "query": query,
            "threshold": str(each),
            "ignoreNullValues": "false",
        },
    }
