"""Topics on the broker: made from the contracts, waited for until every partition has a leader."""

import asyncio
import contextlib
import logging
import socket
import sys
import threading
import time
from collections.abc import Callable, Coroutine, Iterable, Iterator, Mapping, Sequence
from typing import Any

import structlog

from contracts.topics import Topic, topics_for
from local_stack import credentials
from plumbing.kafka_security import PLAINTEXT, KafkaSecurity
from plumbing.logs import configure
from plumbing.settings import KafkaSettings, read_settings

log = structlog.get_logger()

POLL_SECONDS = 0.05


class NotReady(Exception):
    """The broker did not answer, or not with leaders, within the time given."""


def ensure(
    bootstrap: str,
    portals: Iterable[str],
    *,
    copies: int,
    seconds: float,
    check: Callable[[], None] = lambda: None,
    security: KafkaSecurity = PLAINTEXT,
) -> None:
    """Create the topics of the contracts that are missing and wait for their leaders.

    Each of the portals has one for its replies. `copies` 0 takes three where the cluster has as
    many brokers, else one for each. Calls `check` between attempts; it may raise to end the
    waiting. Raises NotReady.
    """
    deadline = time.monotonic() + seconds
    while not any(_listens(server) for server in bootstrap.split(",")):
        check()
        _wait(deadline)
    clients = {"bootstrap_servers": bootstrap, **security.aiokafka()}
    _in_a_thread(_ensure(clients, topics_for(portals), copies, deadline, check))


def _listens(server: str) -> bool:
    host, _, port = server.rpartition(":")
    try:
        socket.create_connection((host, int(port)), timeout=1).close()
    except OSError:
        return False
    return True


def _wait(deadline: float) -> None:
    if time.monotonic() > deadline:
        raise NotReady("no answer in time")
    time.sleep(POLL_SECONDS)


def _in_a_thread(work: Coroutine[Any, Any, None]) -> None:
    """Run a coroutine to its end, also when the caller's thread has a running loop."""
    failures: list[BaseException] = []

    def run() -> None:
        try:
            asyncio.run(work)
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if failures:
        raise failures[0]


async def _ensure(
    clients: Mapping[str, Any],
    topics: Sequence[Topic],
    copies: int,
    deadline: float,
    check: Callable[[], None],
) -> None:
    from aiokafka.admin import AIOKafkaAdminClient, NewTopic
    from aiokafka.errors import KafkaError

    names = [topic.name for topic in topics]
    with _quiet("aiokafka"):
        while True:
            admin = AIOKafkaAdminClient(**clients, request_timeout_ms=10_000)
            try:
                await admin.start()
                present = set(await admin.list_topics())
                copies = copies or await _usual_copies(admin)
                missing = [
                    NewTopic(t.name, t.partitions, copies, topic_configs=dict(t.config))
                    for t in topics
                    if t.name not in present
                ]
                if missing:
                    _check_created(await admin.create_topics(missing))
                await _until_led(admin, names, deadline, check)
            except (KafkaError, OSError):
                check()
                if time.monotonic() > deadline:
                    raise
                await asyncio.sleep(POLL_SECONDS)
            else:
                return
            finally:
                await admin.close()


def _check_created(answer: Any) -> None:
    """Raise KafkaError for what was refused, as while not all brokers have joined."""
    from aiokafka.errors import KafkaError, TopicAlreadyExistsError

    fine = (0, TopicAlreadyExistsError.errno)
    refused = [code for _, code, *_ in answer.topic_errors if code not in fine]
    if refused:
        raise KafkaError(f"topics not created: error {refused[0]}")


async def _usual_copies(admin: Any) -> int:
    cluster = await admin.describe_cluster()
    return min(3, len(cluster["brokers"]))


async def _until_led(
    admin: Any, names: list[str], deadline: float, check: Callable[[], None]
) -> None:
    while True:
        described = await admin.describe_topics(names)
        led = all(
            topic["error_code"] == 0
            and topic["partitions"]
            and all(partition["leader"] >= 0 for partition in topic["partitions"])
            for topic in described
        )
        if led:
            return
        check()
        if time.monotonic() > deadline:
            raise NotReady("some partition has no leader")
        await asyncio.sleep(POLL_SECONDS)


@contextlib.contextmanager
def _quiet(name: str) -> Iterator[None]:
    """Keep a library from reporting what is only a broker that is not up yet."""
    logger = logging.getLogger(name)
    before = logger.level
    logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        logger.setLevel(before)


class SetupSettings(KafkaSettings):
    """Where the topics are made, and for which portals."""

    #: The ids of the portals on the bus, with commas between; those the sandbox plays if unset.
    bus_portals: str = ",".join(credentials.portals())


def main() -> int:
    """Make the topics of a cluster that is there; return 1 when it did not answer."""
    settings = read_settings(SetupSettings, "setup")
    configure("setup")
    portals = [portal for portal in settings.bus_portals.split(",") if portal]
    try:
        ensure(
            settings.kafka_bootstrap_servers,
            portals,
            copies=0,
            seconds=60,
            security=settings.kafka_security,
        )
    except NotReady as error:
        log.critical("topics_not_made", reason=str(error))
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
