"""The local stack in trouble: taken ports, a run that is still stopping, components away."""

import contextlib
import dataclasses
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
import pytest
from rich.console import Console

from local_stack import readiness
from local_stack.errors import StackFailed
from local_stack.samples import outcome
from local_stack.stack import Stack
from local_stack.supervision import Keeper


@pytest.fixture
def place() -> Iterator[Path]:
    """Return the root of a clone of its own; whatever still runs in it is stopped at the end."""
    # Not pytest's folder: root's PostgreSQL account has to get through to it.
    with tempfile.TemporaryDirectory(prefix="clone-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        yield root
        for state in root.glob(".local/*"):
            Stack(root, state.name).clean()


class Impostor(BaseHTTPRequestHandler):
    """Says that it is ready, as the service of another stack would."""

    def do_GET(self) -> None:
        body = json.dumps({"ready": True, "reason": None, "pid": os.getpid()}).encode()
        self.send_response(200)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep the test's output clean."""


@contextlib.contextmanager
def an_impostor(port: int = 0) -> Iterator[str]:
    with HTTPServer(("127.0.0.1", port), Impostor) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/health/ready"
        finally:
            server.shutdown()
            thread.join()


@pytest.mark.parametrize(
    "name",
    ["intake", "routing", "registry-sync", "notifier", "board", "audit", "sandbox"],
)
def test_when_our_own_process_answers_then_it_is_ready(stack: Stack, name: str) -> None:
    keeper = Keeper(stack.place)

    readiness.answers(stack.place, keeper, {name: keeper.ready_url(name)}, seconds=20)


def test_when_another_program_answers_then_it_is_not_ready_and_the_port_is_told(
    stack: Stack,
) -> None:
    with an_impostor() as url, pytest.raises(StackFailed) as failure:
        readiness.answers(stack.place, Keeper(stack.place), {"routing": url}, seconds=0.5)

    assert "another program answers at its address" in failure.value.reason
    assert f"port {urlsplit(url).port} is taken by process {os.getpid()}" in failure.value.reason
    assert failure.value.last_lines


def test_given_its_port_was_taken_when_a_service_is_started_then_it_fails_until_it_is_free(
    stack: Stack,
) -> None:
    port = urlsplit(stack.status().urls["routing"]).port
    assert port
    stack.stop_component("routing")
    with an_impostor(port):
        stack.start_component("routing")

        with pytest.raises(StackFailed, match=f"port {port} is taken by process {os.getpid()}"):
            stack.await_component("routing")

    stack.start_component("routing")
    stack.await_component("routing")


@pytest.mark.parametrize("name", ["kafka-1", "postgres"])
def test_given_infrastructure_that_runs_when_awaited_then_it_is_ready(
    stack: Stack, name: str
) -> None:
    stack.await_component(name)


def test_given_a_run_that_is_stopping_when_started_then_it_waits_and_starts_anew(
    stack: Stack, place: Path
) -> None:
    told: list[str] = []
    dying = Stack(place, services=False, stay=True, report=told.append)
    dying.start()
    before = dying.status().pids
    psutil.Process(before["keeper"]).terminate()

    with Stack(place, services=False, join=True, report=told.append) as again:
        after = again.status().pids

    assert not again.joined
    assert not set(before.values()) & set(after.values())
    assert "The last run is still stopping; waiting for its end ..." in told


def test_given_a_stop_under_way_when_interrupted_again_then_it_goes_on_to_its_end(
    stack: Stack, place: Path
) -> None:
    script = textwrap.dedent(f"""
        import json, pathlib, signal
        from local_stack.stack import Stack
        with Stack(pathlib.Path({str(place)!r}), services=False) as s:
            print(json.dumps(s.status().pids), flush=True)
            signal.pause()
    """)
    command = [sys.executable, "-c", script]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as starter:
        assert starter.stdout
        assert starter.stderr
        pids = json.loads(starter.stdout.readline()).values()
        starter.send_signal(signal.SIGINT)
        wait_until_held(place / ".local" / "run" / "stop.lock")
        starter.send_signal(signal.SIGINT)
        said = starter.stderr.read()

    assert "Stopping ..." in said
    assert not [pid for pid in pids if psutil.pid_exists(pid)]
    assert not (place / ".local" / "run" / "status.json").exists()


@pytest.mark.parametrize("away", ["Kafka", "PostgreSQL", "The sandbox"])
def test_given_a_component_that_is_away_when_samples_are_sent_then_a_sentence_says_so(
    stack: Stack, place: Path, away: str
) -> None:
    status = stack.status()
    nowhere: dict[str, dict[str, Any]] = {
        "Kafka": {"kafka": "127.0.0.1:1"},
        "PostgreSQL": {
            "databases": dict.fromkeys(status.databases, "postgresql://u:p@127.0.0.1:1/d")
        },
        "The sandbox": {"sandbox": status.sandbox | {"url": "http://127.0.0.1:1"}},
    }
    shown = io.StringIO()
    without = dataclasses.replace(status, **nowhere[away])

    code = outcome(
        Console(file=shown, width=200), place, without, contextlib.nullcontext(lambda _t, _e: None)
    )

    assert code == 1
    assert shown.getvalue().startswith(f"{away} does not answer (")
    assert "What to do: " in shown.getvalue()


def wait_until_held(lock: Path) -> None:
    from local_stack.places import is_held

    while not is_held(lock):
        pass
