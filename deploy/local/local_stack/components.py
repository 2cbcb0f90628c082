"""One component of a running stack, a service with all its replicas or any one process."""

from local_stack import readiness
from local_stack.errors import StackFailed
from local_stack.places import Place
from local_stack.status import current
from local_stack.supervision import Keeper
from plumbing.kafka_security import KafkaSecurity


def stop(keeper: Keeper, name: str) -> None:
    """Stop every process of the component; returns when they are gone."""
    for process, group in _processes_of(keeper, name).items():
        keeper.stop(group, process)


def start(keeper: Keeper, name: str) -> None:
    """Start every process of the component; returns at once."""
    for process, group in _processes_of(keeper, name).items():
        keeper.start(group, process)


def wait(place: Place, keeper: Keeper, name: str, *, seconds: float) -> None:
    """Return when every process of the component is ready; raises StackFailed when one is not."""
    known = current(place)
    for process in _processes_of(keeper, name):
        check = readiness.watch(place, keeper, process)
        if process == "postgres":
            readiness.database(known.database_server, "", check=check, seconds=seconds)
        elif url := keeper.ready_url(process):
            readiness.answers(place, keeper, {process: url}, seconds=seconds)
        else:
            security = KafkaSecurity.from_environment(known.kafka_security)
            readiness.kafka(
                place, known.kafka, copies=0, check=check, security=security, seconds=seconds
            )


def _processes_of(keeper: Keeper, name: str) -> dict[str, str]:
    """Return process -> group; raises StackFailed for a name the stack does not know."""
    known = keeper.processes()
    if not known:
        raise StackFailed("stack", "is not running", advice="`make up` starts it")
    numbered = {f"{name}-{n}" for n in range(1, 10)}
    found = {p: known[p]["group"] for p in known if p == name or p in numbered}
    if not found:
        raise StackFailed(
            name, "is not part of the running stack", advice=f"one of: {', '.join(known)}"
        )
    return found
