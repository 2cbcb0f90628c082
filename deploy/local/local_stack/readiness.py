"""Waits until a component really answers, and says why when it does not."""

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
import xmlrpc.client
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus

from contracts.grants import TOPIC_ADMIN
from local_stack import credentials, holding, postgres, topics
from local_stack.errors import DatabaseAway, StackFailed
from local_stack.places import Place
from local_stack.secured import Secured
from local_stack.supervision import Keeper
from plumbing.kafka_security import PLAINTEXT, KafkaSecurity

POLL_SECONDS = 0.05
LOOK_SECONDS = 0.3
#: A process that ends is noticed at once; so long is waited for one that is alive but slow.
INFRASTRUCTURE_SECONDS = 120
SERVICE_SECONDS = 120
STARTS_ALLOWED = 2
LONGEST_ANSWER = 2000


def fail(place: Place, name: str, reason: str, advice: str = "") -> StackFailed:
    """Return the failure of a component with its last log lines."""
    advice = advice or f"read {place.logs / name}.log, then `make run` again; `make clean` resets"
    return StackFailed(name, reason, advice=advice, log=place.logs / f"{name}.log")


def watch(place: Place, keeper: Keeper, name: str) -> Callable[[], None]:
    """Return a check that raises StackFailed once the process has ended too often to wait on."""
    seen: set[int] = set()
    asked_at = 0.0

    def check() -> None:
        nonlocal asked_at
        if time.monotonic() < asked_at + LOOK_SECONDS:
            return
        asked_at = time.monotonic()
        info = keeper.processes().get(name)
        if info is None:
            raise fail(place, name, "is no longer kept: the keeper has ended")
        if info["pid"]:
            seen.add(info["pid"])
        if len(seen) > STARTS_ALLOWED or info["statename"] == "FATAL":
            raise fail(place, name, f"does not start ({info['spawnerr'] or 'it ends at once'})")

    return check


def rights(bootstrap: str, secured: Secured | None, check: Callable[[], None]) -> KafkaSecurity:
    """Give the rights on a secured Kafka; return as whom the topics are made there."""
    if secured is None:
        return PLAINTEXT
    from local_stack.rights import give

    give(bootstrap, secured, seconds=INFRASTRUCTURE_SECONDS, check=check)
    return secured.security(TOPIC_ADMIN)


def kafka(
    place: Place,
    bootstrap: str,
    *,
    copies: int,
    check: Callable[[], None],
    security: KafkaSecurity = PLAINTEXT,
    seconds: float = INFRASTRUCTURE_SECONDS,
) -> None:
    """Wait until Kafka answers and every topic has its leaders; makes the missing topics."""
    try:
        topics.ensure(
            bootstrap,
            credentials.portals(),
            copies=copies,
            seconds=seconds,
            check=check,
            security=security,
        )
    except topics.NotReady as error:
        raise fail(place, "kafka-1", f"is not ready: {error}") from error


def database(
    url: str,
    script: str,
    *,
    check: Callable[[], None],
    seconds: float = INFRASTRUCTURE_SECONDS,
) -> None:
    """Wait until PostgreSQL accepts, then run a script as its superuser."""
    deadline = time.monotonic() + seconds
    while True:
        try:
            postgres.run_sql(url, script)
        except DatabaseAway:
            check()
            if time.monotonic() > deadline:
                raise
            time.sleep(POLL_SECONDS)
        else:
            return


def answers(
    place: Place, keeper: Keeper, urls: Mapping[str, str], *, seconds: float = SERVICE_SECONDS
) -> None:
    """Wait until each kept process says at its address that it, and no other, is ready."""
    with ThreadPoolExecutor(max_workers=max(1, len(urls))) as pool:
        waits = [pool.submit(_answers, place, keeper, *each, seconds) for each in urls.items()]
        for done in waits:
            done.result()


def _answers(place: Place, keeper: Keeper, name: str, url: str, seconds: float) -> None:
    check = watch(place, keeper, name)
    deadline = time.monotonic() + seconds
    trouble = ""
    while time.monotonic() < deadline:
        try:
            trouble = _trouble(keeper, name, url)
            if not trouble:
                return
            check()
        except StackFailed as failure:
            raise _not_ready(place, keeper, name, url, failure.reason) from None
        except (OSError, xmlrpc.client.Error) as error:
            trouble = f"the keeper does not answer ({type(error).__name__})"
        time.sleep(POLL_SECONDS * 2)
    reason = f"is not ready after {seconds:.0f} s: {trouble}"
    raise _not_ready(place, keeper, name, url, reason)


def _trouble(keeper: Keeper, name: str, url: str) -> str:
    """Return why the kept process is not ready yet, empty when it says that it is.

    The keeper is asked only about what says that it is ready: its answer costs more than ours.
    """
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:
            status, body = answer.status, answer.read(LONGEST_ANSWER)
    except urllib.error.HTTPError as refusal:
        status, body = refusal.code, refusal.read(LONGEST_ANSWER)
    except (OSError, http.client.HTTPException):
        return "it does not listen"
    try:
        pid = int(json.loads(body)["pid"])
    except (ValueError, KeyError, TypeError):
        pid = 0
    if status != HTTPStatus.OK:
        return f"it answers {status} {body.decode(errors='replace')}"
    kept = _kept_pid(keeper, name)
    if not kept or not pid or not holding.answers_for(pid, kept):
        return "another program answers at its address"
    return ""


def _kept_pid(keeper: Keeper, name: str) -> int:
    return int(keeper.processes().get(name, {}).get("pid", 0))


def _not_ready(place: Place, keeper: Keeper, name: str, url: str, reason: str) -> StackFailed:
    port = urllib.parse.urlsplit(url).port or 0
    taken = holding.taken(port, _kept_pid(keeper, name))
    if not taken:
        return fail(place, name, reason)
    advice = "stop that process, or `make down` and start again: then a free port is taken"
    return fail(place, name, f"{reason}; {taken}", advice)
