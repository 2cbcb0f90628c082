"""What the local stack decides before it starts: ports, secrets, settings, certificates."""

import shutil
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from local_stack import compose, credentials, jars, kafka, ports, services, trust
from local_stack.errors import JarTampered
from local_stack.places import Place
from local_stack.stack import Stack
from local_stack.surroundings import Surroundings

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    """Return the root of a clone of its own, in which nothing is started."""
    yield tmp_path
    for state in tmp_path.rglob(".local/*"):
        shutil.rmtree(Place(state.parents[1], state.name).sockets, ignore_errors=True)


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


def test_when_secrets_are_made_then_only_the_owner_reads_them_and_they_stay(place: Path) -> None:
    file = place / "secrets.json"

    made = credentials.keep(file)

    assert file.stat().st_mode & 0o777 == 0o600
    assert credentials.keep(file) == made
    assert set(made) == {
        *("clients", "portals", "register", "sms", "particulars_keys", "databases"),
        *("people", "web_clients", "session_keys", "receipt_keys", "national"),
        *("audit_keys", "bus_passwords", "runtime_passwords"),
    }


def test_when_composed_then_each_service_is_told_all_it_is_told_by_the_local_stack(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text())
    secrets = credentials.keep(place / "secrets.json")
    local = Place(place, "run")
    local.make()
    around = Surroundings(
        local, "k", dict.fromkeys(credentials.SERVICES, "d"), ports.USUAL, secrets, 0.0
    )

    ours = services.common(local)
    for program in services.programs(around):
        wanted = program.environment.keys() - ours.keys()
        composed = document["services"][program.name]["environment"]
        assert wanted <= composed.keys(), program.name

    asked = (ROOT / "deploy" / "compose.yaml").read_text()
    assert {name for name in compose.environment(secrets) if f"${{{name}:?}}" not in asked} == set()
    monkeypatch.setenv("WITNESSES", '["a witness"]')
    assert services.programs(around)[-1].environment["WITNESSES"] == '["a witness"]'
    assert "WITNESSES" in document["services"]["audit"]["environment"]
    shutil.rmtree(local.sockets)


def test_given_letters_beyond_ascii_when_settings_are_written_then_they_are_ascii(
    place: Path,
) -> None:
    node = kafka.Node(1, 9092, 9093, Path("/thư mục\\📁"))

    written = kafka.settings(node, [node])

    assert "log.dirs=/th\\u01b0 m\\u1ee5c\\\\\\ud83d\\udcc1/log\n" in written
    assert written.isascii()


@pytest.mark.parametrize("part", ["global", "install"])
def test_given_a_certificate_only_in_pips_configuration_then_it_is_trusted(
    place: Path, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    certificates = place / "company.pem"
    certificates.touch()
    (place / "pip.conf").write_text(f"[{part}]\ncert = {certificates}\n")
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("PIP_CERT", raising=False)
    monkeypatch.setenv("PIP_CONFIG_FILE", str(place / "pip.conf"))

    assert trust.certificates() == str(certificates)


def test_given_a_certificate_in_the_environment_then_it_goes_before_pips_configuration(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (place / "pip.conf").write_text(f"[global]\ncert = {place / 'pip.conf'}\n")
    monkeypatch.setenv("PIP_CONFIG_FILE", str(place / "pip.conf"))
    monkeypatch.setenv("PIP_CERT", "by-pip")
    monkeypatch.setenv("SSL_CERT_FILE", "by-name")

    assert trust.certificates() == "by-name"
