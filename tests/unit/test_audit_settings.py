"""What the audit is told by its environment, and what of it reaches Kafka."""

import pytest
from confluent_kafka import KafkaException
from pydantic import ValidationError

from audit.consuming import open_consumer
from audit.settings import AuditSettings

TOLD = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:1",
    "ARCHIVE_FOLDER": "archive",
    "ARCHIVE_ORIGIN": "log.hotich.example",
    "HTTP_PORT": "8086",
    "OIDC_ISSUER": "issuer",
    "OIDC_JWKS_URL": "keys",
}


def told(monkeypatch: pytest.MonkeyPatch, **others: str) -> AuditSettings:
    for name, value in (TOLD | others).items():
        monkeypatch.setenv(name, value)
    return AuditSettings()


def test_a_plain_kafka_needs_no_more_settings(monkeypatch: pytest.MonkeyPatch):
    settings = told(monkeypatch)

    assert settings.kafka_security.librdkafka() == {}
    assert settings.flush_seconds == 30


def test_settings_reach_the_library_and_cannot_undo_what_the_archive_needs():
    with pytest.raises(KafkaException):
        open_consumer("127.0.0.1:1", {"no.such.setting": "1"}, lambda _: None)
    for name in ("group.id", "isolation.level", "auto.offset.reset", "enable.auto.commit"):
        open_consumer("127.0.0.1:1", {name: "no value of it"}, lambda _: None).close()


@pytest.mark.parametrize("origin", ["", "Two words", "line\nbreak", "/"])
def test_an_origin_that_is_no_name_is_refused(monkeypatch: pytest.MonkeyPatch, origin: str):
    with pytest.raises(ValidationError):
        told(monkeypatch, ARCHIVE_ORIGIN=origin)
