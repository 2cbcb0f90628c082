"""What the notifier's environment must look like, and that its errors give no secret away."""

import json

import pytest
from pydantic import ValidationError

from notifier.settings import Settings

SECRET = "whsec_c2VjcmV0IG9mIHRoZSB0ZXN0cw=="
PORTAL = {"url": "http://127.0.0.1:8080/portals/national-portal/callbacks", "secret": SECRET}
GATEWAY = {"name": "sms-1", "url": "http://127.0.0.1:8080/sms-1", "token": "sms-token"}
ENVIRONMENT = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "DATABASE_URL": "postgresql://notifier:pw@127.0.0.1:5432/notifier",
    "HTTP_PORT": "8004",
    "PARTICULARS_KEYS": "{}",
    "OIDC_ISSUER": "http://127.0.0.1:8080",
    "OIDC_JWKS_URL": "http://127.0.0.1:8080/oauth/jwks.json",
    "SMS_GATEWAYS": json.dumps([GATEWAY]),
    "SMTP_HOST": "127.0.0.1",
    "SMTP_PORT": "2525",
    "MAIL_FROM": "hotich@example.vn",
    "PORTALS": json.dumps({"national-portal": PORTAL}),
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)


def test_given_the_environment_then_the_portals_are_read_from_json():
    settings = Settings()

    assert settings.portals["national-portal"].url == PORTAL["url"]
    assert settings.portals["national-portal"].secret.get_secret_value() == SECRET
    assert [(one.name, one.weight) for one in settings.sms_gateways] == [("sms-1", 1)]
    assert SECRET not in repr(settings)
    assert "sms-token" not in repr(settings)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTALS", json.dumps({"national-portal": PORTAL | {"secret": "whsec_"}})),
        ("PORTALS", json.dumps({"national-portal": PORTAL | {"secret": "whsec_é-not-base64"}})),
        ("PORTALS", json.dumps({"national-portal": PORTAL | {"url": "ftp://somewhere"}})),
        ("PORTALS", json.dumps({"National Portal": PORTAL})),
        ("SMS_GATEWAYS", json.dumps([GATEWAY | {"url": "somewhere"}])),
        ("SMS_GATEWAYS", json.dumps([GATEWAY, GATEWAY | {"weight": 2}])),
        ("SMS_GATEWAYS", json.dumps([GATEWAY | {"weight": 0}])),
        ("SMS_GATEWAYS", json.dumps([GATEWAY | {"name": "email"}])),
        ("SMS_GATEWAYS", "[]"),
        ("SMS_CAP_PROVINCE", "100000"),
        ("SMS_CAP_DOSSIER", "0"),
        ("MAIL_FROM", "nobody"),
        ("SMTP_PORT", "mail"),
    ],
)
def test_given_a_wrong_value_then_the_start_is_refused_without_quoting_it(monkeypatch, name, value):
    monkeypatch.setenv(name, value)

    with pytest.raises(ValidationError) as refused:
        Settings()

    assert value not in str(refused.value)
    assert "not-base64" not in str(refused.value)
    assert SECRET not in str(refused.value)
