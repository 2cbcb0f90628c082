"""A PostgreSQL cluster for each service that has a database, and what keeps its backups."""

from typing import Any

from deploy.manifests import plan

Object = dict[str, Any]

API = "postgresql.cnpg.io/v1"
HOST = "kubernetes.io/hostname"
#: Key of the access, and the key itself, to the store the backups are in.
STORE = plan.Secret("backup-store", ("access_key_id", "secret_access_key"), "the backups' store")


def name_of(service: str) -> str:
    """Return the name of the cluster, and what its secrets and addresses begin with."""
    return f"{service}-database"


def cluster(service: str) -> Object:
    """Return the cluster with its owner, and the role the service runs as."""
    name, owner = plan.database(service), plan.database(service)
    return {
        "apiVersion": API,
        "kind": "Cluster",
        "metadata": {"name": name_of(service), "labels": _labels(service)},
        "spec": {
            "instances": 1,
            "imageCatalogRef": {
                "apiGroup": "postgresql.cnpg.io",
                "kind": "ClusterImageCatalog",
                "name": "postgresql",
                "major": 18,
            },
            "enableSuperuserAccess": False,
            "bootstrap": {"initdb": {"database": name, "owner": owner, "dataChecksums": True}},
            "managed": {
                "roles": [
                    {
                        "name": plan.runtime_role(service),
                        "ensure": "present",
                        "login": True,
                        "connectionLimit": 120,
                        "passwordSecret": {"name": f"{service}-runtime-role"},
                    }
                ]
            },
            "postgresql": {"parameters": _parameters()},
            # A commit on two disks of one machine is on one.
            "affinity": {
                "enablePodAntiAffinity": True,
                "podAntiAffinityType": "required",
                "topologyKey": HOST,
            },
            "storage": {"size": "20Gi"},
            "walStorage": {"size": "5Gi"},
            "resources": {
                "requests": {"cpu": "500m", "memory": "1Gi"},
                "limits": {"memory": "1Gi"},
            },
        },
    }


def _parameters() -> dict[str, str]:
    """Return settings of the server; no value of a person comes into its log."""
    return {
        # A minute of a quiet database's log is in the store after a minute.
        "archive_timeout": "60s",
        "max_connections": "200",
        "shared_buffers": "256MB",
        "jit": "off",
        "log_parameter_max_length": "0",
        "log_parameter_max_length_on_error": "0",
        "log_min_error_statement": "panic",
        "log_error_verbosity": "terse",
        "idle_in_transaction_session_timeout": "60s",
    }


def _labels(service: str) -> dict[str, str]:
    return {
        "app.kubernetes.io/name": service,
        "app.kubernetes.io/component": "database",
        "app.kubernetes.io/part-of": plan.SYSTEM,
    }


def backed_up(service: str) -> Object:
    """Return the part of a cluster that sends every minute's log to the store, for 30 days."""
    keys = {"accessKeyId": "access_key_id", "secretAccessKey": "secret_access_key"}
    return {
        "apiVersion": API,
        "kind": "Cluster",
        "metadata": {"name": name_of(service)},
        "spec": {
            "backup": {
                "retentionPolicy": "30d",
                "target": "prefer-standby",
                "barmanObjectStore": {
                    "destinationPath": "s3://hotich-backups/",
                    "serverName": name_of(service),
                    "s3Credentials": {
                        theirs: {"name": STORE.name, "key": ours} for theirs, ours in keys.items()
                    },
                    "wal": {"compression": "gzip"},
                    "data": {"compression": "gzip"},
                },
            }
        },
    }


def nightly(service: str) -> Object:
    """Return the order of a whole backup each night, an hour after comparisons begin."""
    return {
        "apiVersion": API,
        "kind": "ScheduledBackup",
        "metadata": {"name": name_of(service), "labels": _labels(service)},
        "spec": {
            # Seconds first; 20:00 in UTC is three in the morning in Vietnam.
            "schedule": "0 0 20 * * *",
            # The first one at once: without it a log alone brings nothing back.
            "immediate": True,
            "backupOwnerReference": "self",
            "cluster": {"name": name_of(service)},
        },
    }
