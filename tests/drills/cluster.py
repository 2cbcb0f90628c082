"""What an operator types on a cluster, as docs/kubernetes.md has it."""

_KUBECTL = "kubectl -n hotich"
_PAUSED = "autoscaling.keda.sh/paused-replicas"


def stop(*services: str) -> tuple[str, ...]:
    """Return the commands that end every replica; KEDA takes back what is scaled beside it."""
    return tuple(
        f"{_KUBECTL} annotate --overwrite scaledobject/{name} {_PAUSED}=0" for name in services
    )


def start(*services: str) -> tuple[str, ...]:
    """Return the commands that give the number of replicas back to KEDA."""
    return tuple(f"{_KUBECTL} annotate scaledobject/{name} {_PAUSED}-" for name in services)


def release(service: str, tag: str, *, ready: bool = True) -> tuple[str, ...]:
    """Return the commands that bring a release of a service, with its migrations."""
    made = (
        f"# In $OVERLAY/kustomization.yaml: newTag of hotich/{service} is {tag}.",
        f"{_KUBECTL} delete job -l app.kubernetes.io/component=migration",
        "kubectl apply --server-side -k $OVERLAY",
    )
    return (*made, f"{_KUBECTL} rollout status statefulset/{service}") if ready else made
