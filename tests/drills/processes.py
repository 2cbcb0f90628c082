"""Drills of processes: replicas, services, brokers, the database server, everything."""

import asyncio
import contextlib
import os
import signal

from tests.drills import cluster
from tests.drills.drill import Act, Drill, Drilling, Step, lasts, started, stopped

_SERVES = "What waits is done by itself; look at `hotich stuck list` when the page is green again."


def killed(process: str, number: signal.Signals = signal.SIGKILL) -> Act:
    """Return an act that sends a process a signal and waits for the one that comes after it."""

    async def kill(drilling: Drilling) -> None:
        drilling.kept[process] = await drilling.field.signal(process, number)

    return kill


def back(process: str) -> Act:
    """Return an act that waits until a process that was sent a signal runs again."""

    async def wait(drilling: Drilling) -> None:
        await drilling.field.back(process, drilling.kept[process], 60)

    return wait


async def _kill_everything(drilling: Drilling) -> None:
    now = await asyncio.to_thread(drilling.field.stack.status)
    drilling.kept.update(now.pids)
    for name, pid in now.pids.items():
        if name != "keeper":
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)


async def _everything_is_back(drilling: Drilling) -> None:
    for name in ("postgres", "kafka-1", "intake", "routing", "registry-sync", "notifier"):
        await drilling.start(name)


DRILLS = (
    Drill(
        "replica-killed",
        "A replica is killed",
        (
            "One of two replicas of routing is killed without warning.",
            "The other takes its partitions after the session of ten seconds, or it comes back"
            " under its name before that.",
        ),
        (
            Step(
                "disaster",
                "A replica of routing is killed.",
                ("kubectl -n hotich delete pod routing-1 --grace-period=0 --force",),
                killed("routing-1"),
            ),
            Step("recovery", "Nothing is to be done: its keeper starts it.", (), back("routing-1")),
        ),
        seconds=25,
    ),
    Drill(
        "service-down",
        "All replicas of a service are away",
        (
            "Routing is away as a whole for half a minute.",
            "Portals go on handing in and have their receipts; what routing would decide waits in"
            " its topics.",
        ),
        (
            Step(
                "disaster",
                "Every replica of routing ends and none comes.",
                cluster.stop("routing"),
                stopped("routing"),
            ),
            Step("disaster", "It lasts half a minute.", (), lasts(30)),
            Step(
                "recovery",
                "The replicas are started.",
                cluster.start("routing"),
                started("routing"),
            ),
        ),
        (_SERVES,),
        seconds=45,
    ),
    Drill(
        "broker-restart",
        "The only broker restarts",
        ("Kafka ends in order and is started again, as for an upgrade.",),
        (
            Step(
                "disaster",
                "The broker is asked to end.",
                ("kubectl -n hotich delete pod hotich-brokers-0",),
                killed("kafka-1", signal.SIGTERM),
            ),
            Step("recovery", "Nothing is to be done: it is started.", (), back("kafka-1")),
        ),
        (_SERVES,),
        seconds=30,
        brokers=1,
    ),
    Drill(
        "broker-lost",
        "One of three brokers is lost",
        (
            "One broker of three is away for half a minute.",
            "Each partition has another copy in sync; a partition waits until another broker"
            " leads it.",
        ),
        (
            Step(
                "disaster",
                "A broker is killed and stays away.",
                ("kubectl -n hotich get pods -l strimzi.io/name=hotich-kafka",),
                stopped("kafka-2"),
            ),
            Step("disaster", "It lasts half a minute.", (), lasts(30)),
            Step("recovery", "The broker is back.", (), started("kafka-2")),
        ),
        seconds=45,
        brokers=3,
    ),
    Drill(
        "brokers-lost",
        "Two of three brokers are lost",
        (
            "With one of three copies in sync nothing is acknowledged, so nothing is lost.",
            "Portals that use HTTP are served all the same: their dossiers wait in the outbox.",
        ),
        (
            Step("disaster", "Two brokers are away.", (), stopped("kafka-2", "kafka-3")),
            Step("disaster", "It lasts half a minute.", (), lasts(30)),
            Step("recovery", "Both are back.", (), started("kafka-2", "kafka-3")),
        ),
        (
            "Never make a topic's `min.insync.replicas` smaller to get on: what is then"
            " acknowledged by one broker can be lost with it.",
        ),
        seconds=45,
        brokers=3,
    ),
    Drill(
        "database-crash",
        "The database server crashes",
        ("PostgreSQL ends without a checkpoint and recovers from its own log.",),
        (
            Step(
                "disaster",
                "The server is killed.",
                ("kubectl -n hotich delete pod routing-database-1 --grace-period=0 --force",),
                killed("postgres", signal.SIGQUIT),
            ),
            Step("recovery", "Nothing is to be done: it recovers.", (), back("postgres")),
        ),
        (
            "A failover to a copy that lagged is no crash but lost commits: see the drills of"
            " restoring.",
        ),
        seconds=30,
    ),
    Drill(
        "database-away",
        "The database server is away",
        (
            "PostgreSQL is away for half a minute.",
            "Portals are answered 503 and send again under the same key.",
        ),
        (
            Step("disaster", "The server is stopped.", (), stopped("postgres")),
            Step("disaster", "It lasts half a minute.", (), lasts(30)),
            Step("recovery", "It is started.", (), started("postgres")),
        ),
        (_SERVES,),
        seconds=45,
    ),
    Drill(
        "everything-killed",
        "Everything is killed at once",
        ("Every process is killed, as when the power of all machines fails; disks keep.",),
        (
            Step("disaster", "Everything is killed.", (), _kill_everything),
            Step(
                "recovery",
                "All of it is started, in any order: services wait for what they need.",
                ("kubectl -n hotich get pods -o wide",),
                _everything_is_back,
            ),
        ),
        (
            "Only processes are killed here: a machine whose disk lies about what it has written"
            " was not tried.",
        ),
        seconds=30,
    ),
)
