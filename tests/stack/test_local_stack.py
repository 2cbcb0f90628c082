"""The local stack on real processes: what it promises about starting, failing and stopping."""

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest
from aiokafka.admin import AIOKafkaAdminClient

from contracts.topics import TOPICS
from local_stack import jars
from local_stack.errors import AlreadyRunning, JarTampered, StackFailed
from local_stack.stack import Stack

ROOT = Path(__file__).resolve().parents[2]


def a_stack(root: Path, name: str = "run", *, services: bool = False, stay: bool = False) -> Stack:
    return Stack(root, name=name, services=services, stay=stay, report=lambda _: None)


def processes_of(stack: Stack) -> list[psutil.Process]:
    return [psutil.Process(pid) for pid in stack.status().pids.values()]


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [p for p in processes if p.is_running() and p.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
def place() -> Iterator[Path]:
    """Return the root of a clone of its own; whatever still runs in it is stopped at the end."""
    # Not pytest's folder: root's PostgreSQL account has to get through to it.
    with tempfile.TemporaryDirectory(prefix="clone-") as folder:
        root = Path(folder)
        root.chmod(0o755)
        yield root
        for state in root.rglob(".local/*"):
            Stack(state.parents[1], state.name).clean()


async def test_when_the_stack_is_up_then_kafka_has_every_topic_and_a_leader(stack: Stack) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.status().kafka)
    await admin.start()

    described = await admin.describe_topics([t.name for t in TOPICS])

    await admin.close()
    led = {t["topic"]: sum(p["leader"] > 0 for p in t["partitions"]) for t in described}
    assert led == {t.name: t.partitions for t in TOPICS}


async def test_when_a_database_is_made_then_its_owner_can_write_and_fsync_is_on(
    database: str,
) -> None:
    connection = await asyncpg.connect(database)

    await connection.execute("CREATE TABLE t (id int)")
    fsync = await connection.fetchval("SHOW fsync")

    await connection.close()
    assert fsync == "on"


def test_when_a_stack_of_that_name_runs_then_a_second_one_is_refused(stack: Stack) -> None:
    with pytest.raises(AlreadyRunning):
        a_stack(stack.place.root, stack.place.name).start()

    assert stack.status().running


def test_given_a_tampered_jar_in_the_cache_when_started_then_nothing_starts(
    stack: Stack, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = place / "cache" / "hotich" / jars.folder().name
    shutil.copytree(jars.folder() / "libs", copied / "libs")
    (copied / "libs" / "kafka-server-4.4.0.jar").write_bytes(b"not a jar")
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "cache"))
    monkeypatch.setenv("DATABASE_URL", stack.status().database_server)
    refused = a_stack(place)

    with pytest.raises(JarTampered):
        refused.start()

    assert not refused.status().running
    assert not (refused.place.state / "pids" / "kafka-1").exists()


def test_given_everything_was_killed_when_started_again_then_it_recovers_with_its_data(
    stack: Stack, place: Path
) -> None:
    killed = a_stack(place, stay=True)
    killed.start()
    kept = killed.create_database("kept")
    for process in processes_of(killed):
        process.send_signal(signal.SIGKILL)
    psutil.wait_procs(processes_left(killed), timeout=10)

    with a_stack(place) as again:
        found = query(
            kept.replace(str(port_of(kept)), str(port_of(again.status().database_server)))
        )

    assert found == "kept"


def test_when_the_block_ends_then_no_process_socket_or_status_is_left(
    stack: Stack, place: Path
) -> None:
    with a_stack(place) as ended:
        processes = processes_of(ended)
        assert len(alive(processes)) == 3

    assert alive(processes) == []
    assert not ended.status().running
    assert not ended.place.sockets.exists()


def test_when_the_process_that_started_it_is_killed_then_the_stack_ends_too(
    stack: Stack, place: Path
) -> None:
    script = textwrap.dedent(f"""
        import json, pathlib, time
        from local_stack.stack import Stack
        with Stack(pathlib.Path({str(place)!r}), services=False, report=lambda _: None) as s:
            print(json.dumps(s.status().pids), flush=True)
            time.sleep(600)
    """)
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as starter:
        assert starter.stdout
        processes = [psutil.Process(p) for p in json.loads(starter.stdout.readline()).values()]
        starter.kill()

    _, left = psutil.wait_procs(processes, timeout=20)
    assert alive(left) == []


def test_given_a_component_that_cannot_start_when_up_then_its_last_lines_are_shown(
    stack: Stack, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("local_stack.kafka.LOGGING", ("-XX:+NotAnOption",))
    failing = a_stack(place)

    with pytest.raises(StackFailed) as failure:
        failing.start()

    assert failure.value.component == "kafka-1"
    assert "Unrecognized VM option 'NotAnOption'" in str(failure.value)
    assert "What to do: " in str(failure.value)
    assert not failing.status().running


def test_given_a_clone_path_beyond_ascii_when_up_then_kafka_keeps_its_data_there(
    stack: Stack, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("LC_ALL", "LC_CTYPE", "LANG"):
        monkeypatch.delenv(name, raising=False)
    root = place / "thư mục có dấu \\ 📁"
    root.mkdir()

    with a_stack(root, "fix-letters") as started:
        components = started.status().components

    assert components.keys() == {"kafka-1", "postgres"}
    assert (started.place.state / "kafka-1" / "log" / "meta.properties").exists()


def test_given_existing_servers_when_started_then_they_are_used_and_left_alone(
    stack: Stack, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", stack.status().kafka)
    monkeypatch.setenv("DATABASE_URL", stack.status().database_server)

    with a_stack(place) as guest:
        assert guest.status().components == {}
        assert guest.status().kafka == stack.status().kafka
        url = guest.create_database("guest")

    assert query(url) == "guest"


def test_given_data_of_one_broker_when_three_are_wanted_then_it_is_refused_in_words(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = a_stack(place)
    before.place.make()
    (before.place.state / "made-with.json").write_text('{"brokers": 1}')
    monkeypatch.setenv("BROKERS", "3")

    with pytest.raises(StackFailed, match="make clean"):
        before.start()


def processes_left(stack: Stack) -> list[psutil.Process]:
    found = []
    for file in stack.place.pids.iterdir():
        try:
            found.append(psutil.Process(int(file.read_text())))
        except psutil.NoSuchProcess:
            continue
    return found


def port_of(url: str) -> int:
    return int(url.rpartition(":")[2].partition("/")[0])


def query(url: str) -> str:
    from local_stack import postgres

    command = [
        str(postgres.bundled() / "psql"),
        "-X",
        "-At",
        "-d",
        url,
        "-c",
        "SELECT current_database()",
    ]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ))
    return str(done.stdout.strip())
