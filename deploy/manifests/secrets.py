"""Secrets by name: which there are, and where an outside store is asked for them."""

from typing import Any

from deploy.manifests import databases, plan

Object = dict[str, Any]

#: The store of the whole cluster that the operator of the cluster has set up.
STORE = "hotich"


def fetched() -> list[Object]:
    """Return what the external-secrets operator is told: each secret whole, by its own name."""
    return [_fetched(one) for one in (*plan.filled_by_others(), databases.STORE)]


def _fetched(secret: plan.Secret) -> Object:
    data = [
        {"secretKey": key, "remoteRef": {"key": f"{plan.SYSTEM}/{secret.name}", "property": key}}
        for key in secret.keys
    ]
    target: Object = {"name": secret.name}
    if set(secret.keys) == {"username", "password"}:
        # The database's operator looks at what has this type and label, and at changes of it.
        values = {key: f"{{{{ .{key} }}}}" for key in secret.keys}
        target["template"] = {
            "type": "kubernetes.io/basic-auth",
            "metadata": {"labels": {"cnpg.io/reload": "true"}},
            "data": values,
        }
    return {
        "apiVersion": "external-secrets.io/v1",
        "kind": "ExternalSecret",
        "metadata": {
            "name": secret.name,
            "labels": {"app.kubernetes.io/part-of": plan.SYSTEM},
        },
        "spec": {
            "refreshInterval": "5m",
            "secretStoreRef": {"kind": "ClusterSecretStore", "name": STORE},
            "target": target,
            "data": data,
        },
    }
