"""What SECURE=1 plans: listeners, certificates, and who is told what."""

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from deploy.manifests import plan as manifests
from local_stack import certificates, credentials, kafka, ports, secret_files, secured, services
from local_stack.certificates import Authority
from local_stack.errors import StackFailed
from local_stack.kafka import Node
from local_stack.places import Place
from local_stack.secured import Secured
from local_stack.surroundings import Surroundings
from sandbox.bus_access import Bus
from sandbox.settings import SettingsWrong, read_settings
from tests.secret_words import secret_words


def a_node(number: int = 1) -> Node:
    return Node(
        number,
        9092,
        9093,
        Path("/x"),
        portals_port=9098,
        keystore=Path("/c/broker-1-keystore.pem"),
        truststore=Path("/c/ca.pem"),
    )


def test_every_listener_is_encrypted_and_what_is_not_granted_is_refused():
    lines = kafka.settings(a_node(), [a_node(), a_node(2), a_node(3)]).splitlines()

    assert "listener.security.protocol.map=SERVICES:SSL,CONTROLLER:SSL,PORTALS:SASL_SSL" in lines
    assert "ssl.client.auth=required" in lines
    assert "allow.everyone.if.no.acl.found=false" in lines
    assert any(line.startswith("authorizer.class.name=") for line in lines)
    supers = "User:broker-1;User:broker-2;User:broker-3;User:kafka-admin"
    assert f"super.users={supers}" in lines
    assert not [line for line in lines if "PLAINTEXT" in line]


def test_without_it_there_is_one_plain_listener_and_no_authorizer():
    text = kafka.settings(Node(1, 9092, 9093, Path("/x")), [])

    assert "listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093\n" in text
    assert "SSL" not in text
    assert "authorizer" not in text


def test_certificates_are_kept_and_made_again_a_month_before_their_end(tmp_path: Path):
    safe = Secured(tmp_path / "certificates", {})
    safe.make(nodes=3)
    first = {path.name: path.read_text() for path in safe.folder.iterdir()}
    assert {"ca.pem", "intake.pem", "kafka-admin-key.pem", "broker-3-keystore.pem"} <= set(first)
    assert all(path.stat().st_mode & 0o077 == 0 for path in safe.folder.iterdir())

    old = certificates.authority_in(safe.folder).issue("intake", lasts=timedelta(days=29))
    certificates.write(safe.folder, "intake", old)
    safe.make(nodes=3)

    found = x509.load_pem_x509_certificate((safe.folder / "intake.pem").read_bytes())
    assert found.not_valid_after_utc > datetime.now(UTC) + timedelta(days=300)
    same = {path.name for path in safe.folder.iterdir() if first[path.name] == path.read_text()}
    assert set(first) - same == {"intake.pem", "intake-key.pem"}


def test_a_new_authority_gives_everybody_a_new_certificate(tmp_path: Path):
    safe = Secured(tmp_path / "certificates", {})
    safe.make(nodes=1)
    before = (safe.folder / "routing.pem").read_text()
    certificates.write(safe.folder, "ca", Authority.make("other").pair)
    (safe.folder / "ca.pem").unlink()

    safe.make(nodes=1)

    assert (safe.folder / "routing.pem").read_text() != before


def test_services_come_with_their_own_certificate_and_the_sandbox_to_the_portals_listener():
    ports = {"kafka-1": 9092, "kafka-1-portals": 9098, "sandbox": 8090}
    safe = Secured(Path("/c"), {"moj-direct": "secret"})
    around = Surroundings(Place(Path("/clone"), "run"), "k:9092", {}, ports, {}, 0.0, safe)
    plain = Surroundings(Place(Path("/clone"), "run"), "k:9092", {}, ports, {}, 0.0)

    assert around.kafka_of("routing")["KAFKA_KEY_FILE"] == "/c/routing-key.pem"
    assert around.kafka_of_portals == {
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9098",
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_CA_FILE": "/c/ca.pem",
    }
    told = {"KAFKA_BOOTSTRAP_SERVERS": "k:9092"}
    assert (plain.kafka_of("routing"), plain.kafka_of_portals) == (told, told)


def test_a_secured_service_has_its_secrets_in_files_and_comes_as_a_role_that_owns_nothing(
    tmp_path: Path,
):
    place = Place(tmp_path, "run")
    place.state.mkdir(parents=True)
    kept = credentials.keep(place.state / "secrets.json")
    urls = dict.fromkeys(credentials.SERVICES, "postgresql://owner:word@127.0.0.1:5432/x")
    safe = Secured(Path("/c"), kept["bus_passwords"])
    around = Surroundings(place, "k:9092", urls, ports.USUAL, kept, 0.0, safe)

    programs = services.programs(around)

    words = secret_words(kept)
    assert len(words) > 30
    told = {program.name: program.environment for program in programs}
    shown = {name for name, one in told.items() for text in one.values() if text in words}
    assert shown == set()
    assert not [name for one in told.values() for name in secret_files.SECRET & one.keys()]
    for service in credentials.SERVICES:
        folder = Path(told[service]["SECRETS_FOLDER"])
        assert (folder.name, folder.stat().st_mode & 0o777) == (service, 0o700)
        assert all(path.stat().st_mode & 0o777 == 0o600 for path in folder.iterdir())
        role = f"{credentials.database_of(service)}_runtime"
        url = f"postgresql://{role}:{kept['runtime_passwords'][role]}@127.0.0.1:5432/x"
        assert (folder / "database_url").read_text() == url
        assert told[service]["MIGRATIONS"] == "await"
    assert (place.service_secrets / "audit" / "audit_keys").exists()


def test_files_of_an_earlier_start_do_not_stay(tmp_path: Path):
    secret_files.hidden(tmp_path / "intake", {"PORTALS": "{}", "DATABASE_URL": "x"})

    told = secret_files.hidden(tmp_path / "intake", {"DATABASE_URL": "y", "HTTP_PORT": "1"})

    assert told == {"HTTP_PORT": "1", "SECRETS_FOLDER": str(tmp_path / "intake")}
    assert {one.name: one.read_text() for one in (tmp_path / "intake").iterdir()} == {
        "database_url": "y"
    }


def test_what_is_secret_here_and_who_comes_to_a_database_are_the_same_on_a_cluster():
    there = (*manifests.OWN_SECRETS.values(), manifests.PARTICULARS)
    names = {key.upper() for secret in there for key in secret.keys if "." not in key}

    assert names == secret_files.SECRET
    for service in credentials.SERVICES:
        assert credentials.runtime_role(service) == manifests.runtime_role(service)


@pytest.mark.parametrize(
    ("secure", "kafka_elsewhere", "reason"),
    [("yes", "", "is not 0 or 1"), ("1", "k:9092", "and another is named")],
)
def test_what_cannot_be_secured_is_refused(
    monkeypatch: pytest.MonkeyPatch, secure: str, kafka_elsewhere: str, reason: str
):
    monkeypatch.setitem(os.environ, "SECURE", secure)
    monkeypatch.setitem(os.environ, "KAFKA_BOOTSTRAP_SERVERS", kafka_elsewhere)

    with pytest.raises(StackFailed, match=reason):
        secured.wanted()


def test_the_sandbox_plays_each_portal_as_itself(tmp_path: Path):
    folder = Secured(tmp_path / "c", {})
    folder.make(nodes=1)
    told = Bus("k:9098", folder.authority, {"moj-direct": "a", "national-portal": "b"}).client(
        "national-portal"
    )

    assert (told["sasl_plain_username"], told["sasl_plain_password"]) == (
        "portal-national-portal",
        "b",
    )
    assert Bus("k:9092", None, {}).client("any") == {"bootstrap_servers": "k:9092"}


def test_the_sandbox_names_a_setting_of_the_bus_it_cannot_use():
    needed = {"SANDBOX_PORT": "1", "SANDBOX_SMTP_PORT": "1", "SANDBOX_STATE": "s"}
    needed |= {"SANDBOX_SECRETS": "x"}

    with pytest.raises(SettingsWrong, match="KAFKA_CA_FILE is not set"):
        read_settings(needed | {"KAFKA_SECURITY_PROTOCOL": "SASL_SSL"})
    with pytest.raises(SettingsWrong, match="must be PLAINTEXT or SASL_SSL"):
        read_settings(needed | {"KAFKA_SECURITY_PROTOCOL": "SSL"})
