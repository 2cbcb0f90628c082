"""What a process is told, from the environment or from files, and what it says when it is wrong."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from intake.settings import IntakeSettings
from plumbing.settings import read_settings

CANARY = "canary-2f9c1d"
TOLD = {
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "DATABASE_URL": "postgresql://intake@127.0.0.1:5432/intake",
    "HTTP_PORT": "8081",
    "PARTICULARS_KEYS": "{}",
    "OIDC_ISSUER": "http://127.0.0.1:8090",
    "OIDC_JWKS_URL": "http://127.0.0.1:8090/oauth/jwks.json",
    "PORTAL_SECRETS": "{}",
}


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SECRETS_FOLDER", raising=False)
    for name, value in TOLD.items():
        monkeypatch.setenv(name, value)


def test_a_secret_may_be_a_file_and_the_environment_counts_before_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for name in ("DATABASE_URL", "PORTAL_SECRETS"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("SECRETS_FOLDER", str(tmp_path))
    (tmp_path / "database_url").write_text("postgresql://intake:pw@db/intake\n")
    (tmp_path / "portal_secrets").write_text('{"danang-portal": "whsec_x"}')
    (tmp_path / "http_port").write_text("1")

    settings = read_settings(IntakeSettings, "intake")

    assert settings.database_url == "postgresql://intake:pw@db/intake"
    assert settings.portal_secrets == {"danang-portal": "whsec_x"}
    assert settings.http_port == 8081


@pytest.mark.parametrize(
    ("wrong", "named"),
    [
        ({"HTTP_PORT": CANARY}, "HTTP_PORT"),
        ({"DATABASE_URL": None}, "DATABASE_URL"),
        ({"PORTAL_SECRETS": f'{{"danang-portal": "{CANARY}'}, "PORTAL_SECRETS"),
        ({"PORTAL_SECRETS": f'["{CANARY}"]'}, "PORTAL_SECRETS"),
        ({"MIGRATIONS": CANARY}, "MIGRATIONS"),
        ({"SECRETS_FOLDER": f"/{CANARY}"}, "SECRETS_FOLDER"),
    ],
)
def test_what_is_wrong_is_named_by_its_setting_and_never_shown(
    monkeypatch: pytest.MonkeyPatch, wrong: dict[str, str | None], named: str
) -> None:
    for name, value in wrong.items():
        monkeypatch.setenv(name, value) if value else monkeypatch.delenv(name)

    done = subprocess.run(
        [sys.executable, "-m", "intake"], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert done.stderr == ""
    (line,) = map(json.loads, done.stdout.splitlines())
    assert (line["event"], line["setting"]) == ("setting_wrong", named)
    assert line["reason"]
    assert CANARY not in done.stdout
