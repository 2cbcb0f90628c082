"""How a client of Kafka is told who it is, what is said when that cannot be, and how it changes."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError
from structlog.testing import capture_logs

from local_stack.certificates import Authority, write
from local_stack.secured import Secured
from plumbing.kafka_security import (
    BadKafkaSecurity,
    FileWatch,
    FreshContext,
    FreshPassword,
    KafkaSecurity,
)
from plumbing.settings import KafkaSettings


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a folder with certificates of two principals."""
    made = tmp_path_factory.mktemp("certificates")
    authority = Authority.make("ca")
    write(made, "ca", authority.pair)
    for name in ("intake", "routing"):
        write(made, name, authority.issue(name))
    (made / "password").write_text("first\n")
    (made / "empty").write_text("\n")
    return made


def told(folder: Path, principal: str = "intake", **changes: str) -> dict[str, str]:
    return Secured(folder, {}).environment(principal) | changes


def by_password(folder: Path, **changes: str) -> dict[str, str]:
    return {
        "KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "KAFKA_CA_FILE": str(folder / "ca.pem"),
        "KAFKA_USERNAME": "portal-a",
        "KAFKA_PASSWORD_FILE": str(folder / "password"),
    } | changes


def test_without_a_protocol_nothing_is_asked_and_nothing_said(folder: Path):
    plain = KafkaSecurity.from_environment({"KAFKA_CA_FILE": ""})

    assert (plain.aiokafka(), plain.librdkafka(), plain.state()) == ({}, {}, ())


def test_both_libraries_are_told_of_a_certificate_or_of_a_password(folder: Path):
    certified = KafkaSecurity.from_environment(told(folder))
    named = KafkaSecurity.from_environment(by_password(folder))

    assert certified.librdkafka() == {
        "security.protocol": "SSL",
        "ssl.ca.location": str(folder / "ca.pem"),
        "ssl.certificate.location": str(folder / "intake.pem"),
        "ssl.key.location": str(folder / "intake-key.pem"),
    }
    assert named.librdkafka()["sasl.password"] == "first"
    assert named.aiokafka()["sasl_mechanism"] == "SCRAM-SHA-512"
    assert {one.aiokafka()["security_protocol"] for one in (certified, named)} == {
        "SSL",
        "SASL_SSL",
    }
    assert "first" not in repr(named.aiokafka()["sasl_plain_password"])


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"KAFKA_SECURITY_PROTOCOL": "TLS"}, "KAFKA_SECURITY_PROTOCOL is not PLAINTEXT, SSL or"),
        ({"KAFKA_SECURITY_PROTOCOL": ""}, "KAFKA_SECURITY_PROTOCOL is PLAINTEXT, and KAFKA_CA_F"),
        ({"KAFKA_CA_FILE": ""}, "KAFKA_CA_FILE is not set, which SSL needs"),
        ({"KAFKA_KEY_FILE": ""}, "KAFKA_KEY_FILE is not set, which SSL needs"),
        ({"KAFKA_CERTIFICATE_FILE": "/no/such"}, "KAFKA_CERTIFICATE_FILE cannot be read: No such"),
        ({"KAFKA_CA_FILE": "{folder}/password"}, "KAFKA_CA_FILE holds no certificates in PEM"),
        ({"KAFKA_KEY_FILE": "{folder}/routing-key.pem"}, "KAFKA_KEY_FILE is not the key,"),
    ],
)
def test_a_certificate_that_cannot_be_used_is_told_with_its_setting(
    folder: Path, changes: dict[str, str], sentence: str
):
    environment = told(folder, **{k: v.format(folder=folder) for k, v in changes.items()})

    with pytest.raises(BadKafkaSecurity, match=f"^{sentence}"):
        KafkaSecurity.from_environment(environment)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"KAFKA_USERNAME": ""}, "KAFKA_USERNAME is not set, which SASL_SSL needs"),
        ({"KAFKA_PASSWORD_FILE": ""}, "KAFKA_PASSWORD_FILE is not set, which SASL_SSL needs"),
        ({"KAFKA_PASSWORD_FILE": "{folder}/empty"}, "KAFKA_PASSWORD_FILE is empty"),
    ],
)
def test_a_password_that_cannot_be_used_is_told_with_its_setting(
    folder: Path, changes: dict[str, str], sentence: str
):
    environment = by_password(folder, **{k: v.format(folder=folder) for k, v in changes.items()})

    with pytest.raises(BadKafkaSecurity, match=f"^{sentence}"):
        KafkaSecurity.from_environment(environment)


def test_a_process_says_the_same_at_its_start(folder: Path, monkeypatch: pytest.MonkeyPatch):
    environment = told(folder, KAFKA_KEY_FILE="", KAFKA_BOOTSTRAP_SERVERS="127.0.0.1:1")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("KAFKA_KEY_FILE")

    with pytest.raises(ValidationError, match="KAFKA_KEY_FILE is not set, which SSL needs"):
        KafkaSettings()


def test_files_that_change_are_used_once_they_fit_together(folder: Path, tmp_path: Path):
    authority = Authority.make("ca")
    write(tmp_path, "ca", authority.pair)
    write(tmp_path, "intake", authority.issue("intake"))
    security = KafkaSecurity.from_environment(told(tmp_path))
    watch, fresh = FileWatch(security), authority.issue("intake")

    assert not watch.changed()
    (tmp_path / "intake-key.pem").write_text(fresh.key)
    with capture_logs() as said:
        assert not watch.changed()
        assert not watch.changed()
    assert [line["event"] for line in said] == ["kafka_files_do_not_fit"]
    (tmp_path / "intake.pem").write_text(fresh.certificate)
    assert watch.changed()
    assert not watch.changed()


def test_a_context_keeps_the_last_files_that_fitted(folder: Path, tmp_path: Path):
    authority = Authority.make("ca")
    write(tmp_path, "ca", authority.pair)
    write(tmp_path, "intake", authority.issue("intake"))
    context = FreshContext(KafkaSecurity.from_environment(told(tmp_path)))
    first = context._inner

    (tmp_path / "intake.pem").unlink()
    context.wrap_bio(*bios(), server_hostname="127.0.0.1")
    assert context._inner is first
    write(tmp_path, "intake", authority.issue("intake"))
    context.wrap_bio(*bios(), server_hostname="127.0.0.1")
    assert context._inner is not first


def test_files_that_change_between_two_looks_leave_the_last_ones_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    authority = Authority.make("ca")
    write(tmp_path, "ca", authority.pair)
    write(tmp_path, "intake", authority.issue("intake"))
    context = FreshContext(KafkaSecurity.from_environment(told(tmp_path)))
    first, fits = context._inner, authority.issue("intake")

    def changed() -> bool:
        (tmp_path / "intake-key.pem").write_text(authority.issue("intake").key)
        return True

    monkeypatch.setattr(context._watch, "changed", changed)
    context.wrap_bio(*bios(), server_hostname="127.0.0.1")
    assert context._inner is first
    monkeypatch.undo()
    write(tmp_path, "intake", fits)
    context.wrap_bio(*bios(), server_hostname="127.0.0.1")
    assert context._inner is not first


def test_a_password_is_read_again_and_kept_when_its_file_goes(tmp_path: Path):
    file = tmp_path / "password"
    file.write_text("first\n")
    password = FreshPassword(file)

    assert password.encode("utf-8") == b"first"
    file.write_text("second\n")
    assert password.encode("utf-8") == b"second"
    os.unlink(file)
    assert password.encode("utf-8") == b"first"


def bios() -> tuple[object, object]:
    import ssl

    return ssl.MemoryBIO(), ssl.MemoryBIO()
