"""Waits until a component really answers, and says why when it does not."""

import http.client
import time
import urllib.error
import urllib.request
import xmlrpc.client
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from local_stack import postgres, topics
from local_stack.errors import DatabaseAway, StackFailed
from local_stack.places import Place
from local_stack.supervision import Keeper, Program

POLL_SECONDS = 0.05
LOOK_SECONDS = 0.3
INFRASTRUCTURE_SECONDS = 60
SERVICE_SECONDS = 60
STARTS_ALLOWED = 2


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


def kafka(place: Place, bootstrap: str, *, copies: int, check: Callable[[], None]) -> None:
    """Wait until Kafka answers and every topic has its leaders; makes the missing topics."""
    try:
        topics.ensure(bootstrap, copies=copies, seconds=INFRASTRUCTURE_SECONDS, check=check)
    except topics.NotReady as error:
        raise fail(place, "kafka-1", f"is not ready: {error}") from error


def database(url: str, script: str, *, check: Callable[[], None]) -> None:
    """Wait until PostgreSQL accepts, then run a script as its superuser."""
    deadline = time.monotonic() + INFRASTRUCTURE_SECONDS
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


def answers(place: Place, keeper: Keeper, programs: Sequence[Program]) -> None:
    """Wait until all these programs say that they are ready."""
    with ThreadPoolExecutor(max_workers=max(1, len(programs))) as pool:
        for done in [pool.submit(_answers, place, keeper, program) for program in programs]:
            done.result()


def _answers(place: Place, keeper: Keeper, program: Program) -> None:
    check = watch(place, keeper, program.name)
    deadline = time.monotonic() + SERVICE_SECONDS
    said = "it does not listen"
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(program.ready_url, timeout=5):
                return
        except urllib.error.HTTPError as answer:
            said = f"it answers {answer.code} {answer.read(500).decode(errors='replace')}"
        except (OSError, http.client.HTTPException):
            pass
        try:
            check()
        except (OSError, xmlrpc.client.Error) as error:
            said = f"the keeper does not answer ({type(error).__name__})"
        time.sleep(POLL_SECONDS * 2)
    raise fail(place, program.name, f"is not ready after {SERVICE_SECONDS} s: {said}")
