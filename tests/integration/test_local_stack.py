"""The local stack on real processes: what it promises about starting, failing and stopping."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest
import yaml
from aiokafka.admin import AIOKafkaAdminClient

from contracts.topics import TOPICS
from local_stack import compose, credentials, jars, ports, services
from local_stack.errors import AlreadyRunning, JarTampered, StackFailed
from local_stack.places import Place
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
        for state in root.glob(".local/*"):
            Stack(root, state.name).clean()


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


def test_given_a_tampered_jar_when_verified_then_it_is_refused_by_name(
    stack: Stack, tmp_path: Path
) -> None:
    libs = tmp_path / "libs"
    shutil.copytree(jars.folder() / "libs", libs)
    assert [path.name for path in jars.verify(libs)] == list(jars.expected())
    with (libs / "kafka-server-4.4.0.jar").open("ab") as jar:
        jar.write(b"x")
    (libs / "lz4-java-1.11.2.jar").unlink()

    with pytest.raises(JarTampered) as refused:
        jars.verify(libs)

    assert "kafka-server-4.4.0.jar, lz4-java-1.11.2.jar" in refused.value.reason
    assert "kafka.sha256" in refused.value.reason


def test_given_a_tampered_jar_in_the_cache_when_started_then_nothing_starts(
    stack: Stack, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied = place / "cache" / "hotich" / jars.folder().name
    shutil.copytree(jars.folder() / "libs", copied / "libs")
    (copied / "libs" / "kafka-server-4.4.0.jar").write_bytes(b"not a jar")
    monkeypatch.setenv("XDG_CACHE_HOME", str(place / "cache"))
    refused = a_stack(place)

    with pytest.raises(JarTampered):
        refused.start()

    assert not refused.status().running
    assert not (refused.place.state / "pids" / "kafka-1").exists()


def test_given_the_usual_ports_are_taken_when_chosen_then_others_are_free(place: Path) -> None:
    state = Place(place, "run")
    state.make()
    with socket.socket() as taken:
        taken.bind((ports.HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.MonkeyPatch.context() as usual:
            usual.setitem(ports.USUAL, "intake", port)

            chosen = ports.choose(["intake", "routing"], state=state.state, usual=True)

    assert chosen["intake"] != port
    assert len(set(chosen.values())) == 2
    assert all(ports.is_free(port) for port in chosen.values())


def test_given_two_clones_when_both_choose_at_once_then_no_port_is_given_twice(
    place: Path,
) -> None:
    clones = [Place(place / name, "run") for name in ("one", "other")]
    for clone in clones:
        clone.make()

    chosen = [ports.choose(ports.USUAL, state=clone.state, usual=True) for clone in clones]

    for clone in clones:
        shutil.rmtree(clone.sockets)
    assert not set(chosen[0].values()) & set(chosen[1].values())


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


def test_when_secrets_are_made_then_only_the_owner_reads_them_and_they_stay(place: Path) -> None:
    file = place / "secrets.json"

    made = credentials.keep(file)

    assert file.stat().st_mode & 0o777 == 0o600
    assert credentials.keep(file) == made
    assert set(made) == {"clients", "portals", "register", "sms", "particulars_keys", "databases"}


def test_when_composed_then_each_service_is_told_all_it_is_told_by_the_local_stack(
    place: Path,
) -> None:
    document = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
    secrets = credentials.keep(place / "secrets.json")
    local = Place(place, "run")
    local.make()
    around = services.Surroundings(
        local, "k", dict.fromkeys(credentials.SERVICES, "d"), ports.USUAL, secrets
    )

    ours = services.common(local)
    for program in services.programs(around):
        wanted = program.environment.keys() - ours.keys()
        composed = document["services"][program.name]["environment"]
        assert wanted <= composed.keys(), program.name

    asked = (ROOT / "deploy" / "compose.yaml").read_text()
    assert {name for name in compose.environment(secrets) if f"${{{name}:?}}" not in asked} == set()
    shutil.rmtree(local.sockets)


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
