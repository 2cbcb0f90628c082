"""What manifests and compose file tell a service, the service's own settings take."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from deploy.manifests.writing import FOLDER
from local_stack import compose, credentials
from sandbox.settings import read_settings
from tests.manifests.configuring import OTHERS, SETTINGS, known
from tests.manifests.rendered import EVERY, rendered

SERVICES = pytest.mark.parametrize("service", SETTINGS)
COMPOSE = yaml.safe_load((FOLDER / "compose.yaml").read_text("utf-8"))
_VARIABLE = re.compile(r"\$\{(\w+)(?::([?+-])([^{}]*(?:\$\{\w+\}[^{}]*)?))?\}")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Return what the compose file is given: a value for each secret."""
    folder = tmp_path_factory.mktemp("secrets")
    return compose.environment(credentials.keep(folder / "secrets.json"))


def value_of(setting: str, service: str, made: dict[str, str]) -> str:
    """Return an invented value for a secret setting."""
    named = {
        "DATABASE_URL": "postgresql://somebody:word@host/name",
        "OIDC_CLIENT_SECRET": made.get(f"{service.upper()}_CLIENT_SECRET", ""),
        "SESSION_KEY": made.get(f"{service.upper()}_SESSION_KEY", ""),
    }
    return named.get(setting) or made[setting]


def take(service: str, told: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Read the settings of a service from this environment and no other; return them."""
    for name in {*known(service), *OTHERS}:
        monkeypatch.delenv(name, raising=False)
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    return [settings() for settings in SETTINGS[service]]


@EVERY
@SERVICES
def test_a_service_takes_what_its_manifest_tells_it(
    overlay: str,
    service: str,
    made: dict[str, str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    objects = rendered(overlay)
    (pod,) = (pod for pod in objects.serving() if pod.service == service)
    for path in objects.files(pod):
        if path.startswith("/run/secrets/hotich/") and "." not in path:
            name = path.rpartition("/")[2]
            (tmp_path / name).write_text(value_of(name.upper(), service, made), "utf-8")
    told = objects.told(pod)
    assert told.get("KAFKA_SECURITY_PROTOCOL", "SSL") == "SSL"

    # Whether a certificate can be used is asked elsewhere.
    told = {n: v for n, v in told.items() if not re.match(r"KAFKA_(SECURITY|.*_FILE)", n)}
    taken = take(service, told | {"SECRETS_FOLDER": str(tmp_path)}, monkeypatch)

    assert taken[0].http_port == pod.port_names["http"]
    assert taken[0].http_host == "0.0.0.0"


@SERVICES
def test_a_service_takes_what_the_compose_file_tells_it(
    service: str, made: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    described = COMPOSE["services"][service]
    told = {name: filled(value, made) for name, value in described["environment"].items()}
    assert set(told) <= set(known(service)) | OTHERS

    taken = take(service, told, monkeypatch)

    port = taken[0].http_port
    assert described["ports"] == [f"127.0.0.1:{port}:{port}"]
    assert f":{port}/health/ready" in str(described["healthcheck"])
    assert described["build"]["target"] == service


def filled(text: str, made: dict[str, str]) -> str:
    """Return a value as compose would: what has to be there is, what may be is not."""

    def value(found: re.Match[str]) -> str:
        name, sign, word = found.groups()
        if sign == "?" or sign is None:
            return made[name]
        return word if sign == "-" else ""

    return _VARIABLE.sub(value, str(text))


def test_the_sandbox_takes_what_its_manifest_tells_it(tmp_path: Path) -> None:
    (pod,) = (pod for pod in rendered("local").pods() if pod.service == "sandbox")
    told = {one["name"]: one["value"] for one in pod.container["env"]}
    credentials.keep(tmp_path / "secrets.json")

    read = read_settings(told | {"SANDBOX_SECRETS": str(tmp_path / "secrets.json")})

    assert {"http": read.http_port, "smtp": read.smtp_port} == pod.port_names
    assert told["SANDBOX_SECRETS"] in rendered("local").files(pod)
    assert read.kafka_bootstrap_servers == ""


def test_every_container_of_ours_in_the_compose_file_is_hardened_and_made() -> None:
    ours = {name: one for name, one in COMPOSE["services"].items() if "build" in one}

    assert set(ours) == {*SETTINGS, "sandbox", "setup"}
    for name, one in ours.items():
        assert one["read_only"] is True, name
        assert one["cap_drop"] == ["ALL"], name
        assert one["security_opt"] == ["no-new-privileges:true"], name
        build = {"context": "..", "dockerfile": "deploy/containers/Dockerfile", "target": name}
        assert one["build"] == build


@SERVICES
def test_a_setting_that_is_wrong_is_seen(
    service: str, made: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    described = COMPOSE["services"][service]["environment"]
    told = {name: filled(value, made) for name, value in described.items()}

    with pytest.raises(ValueError, match=r"(?i)http_port"):
        take(service, told | {"HTTP_PORT": json.dumps("eighty")}, monkeypatch)
