"""What is reached from outside, path by path; health, metrics and all else stay inside."""

from typing import Any

from deploy.manifests import plan
from deploy.manifests.workloads import PORT

Object = dict[str, Any]

#: The hosts of an example; an overlay puts the installation's own in their place.
ONE_STOP = "mot-cua.hotich.example"
PORTALS = "portals.hotich.example"
PROVINCES = "tien-do.hotich.example"

_SIGNING_IN = ("/dang-nhap", "/dang-xuat", "/static")


def entrances() -> list[Object]:
    """Return one entrance for citizens, portals, officers, and provinces with operators."""
    citizens = ("/tra-cuu", "/static", "=/.well-known/hotich-receipts.json")
    feed = ("/v1/feed", "/v1/deliveries", "/v1/retry-schedule")
    return [
        _entrance("citizens", "public", ONE_STOP, {"routing": citizens}),
        _entrance("portals", "public", PORTALS, {"intake": ("/v1/submissions",), "notifier": feed}),
        _entrance("officers", "internal", ONE_STOP, {"routing": ("=/", "/mot-cua", *_SIGNING_IN)}),
        _entrance(
            "provinces",
            "internal",
            PROVINCES,
            {plan.BOARD: ("=/", "/tien-do", "/van-hanh", *_SIGNING_IN)},
        ),
    ]


def _entrance(name: str, kind: str, host: str, paths: dict[str, tuple[str, ...]]) -> Object:
    """Return it; a path that begins with = is that one alone, others are all below them."""
    backends = [
        {
            "path": path.removeprefix("="),
            "pathType": "Exact" if path.startswith("=") else "Prefix",
            "backend": {"service": {"name": service, "port": {"name": PORT}}},
        }
        for service, several in paths.items()
        for path in several
    ]
    return {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "Ingress",
        "metadata": {"name": name, "labels": {"app.kubernetes.io/part-of": plan.SYSTEM}},
        "spec": {
            "ingressClassName": kind,
            "tls": [{"hosts": [host], "secretName": f"{name}-tls"}],
            "rules": [{"host": host, "http": {"paths": backends}}],
        },
    }
