"""What every process is told: by its environment, or by files of secrets."""

import os
import re
from collections.abc import Callable
from datetime import time
from pathlib import Path
from typing import Annotated, Literal, Self, TypeVar

import structlog
from pydantic import Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SecretsSettingsSource,
    SettingsConfigDict,
    SettingsError,
)

from plumbing.kafka_security import BadKafkaSecurity, KafkaSecurity, Protocol
from plumbing.logs import configure

log = structlog.get_logger()

#: Where a file for each secret lies, named as its setting: `database_url`, `particulars_keys`.
FOLDER = "SECRETS_FOLDER"
S = TypeVar("S")
_NAMED = re.compile(r'field "(\w+)"')


class ProcessSettings(BaseSettings):
    """Settings from the environment; what is not there, from the files in `SECRETS_FOLDER`."""

    model_config = SettingsConfigDict(extra="ignore", hide_input_in_errors=True)

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Return the sources, the first that has a setting counts; raises SettingsError."""
        told = (init_settings, env_settings)
        folder = os.environ.get(FOLDER)
        if not folder:
            return told
        if not Path(folder).is_dir():
            raise SettingsError(f'field "{FOLDER}" names no folder')
        return (*told, SecretsSettingsSource(settings_cls, secrets_dir=folder))


def read_settings(make: Callable[[], S], service: str) -> S:
    """Return the settings of a starting process.

    What is wrong or missing is logged by name and rule, never by its value, and ends the process
    with exit code 1.
    """
    try:
        return make()
    except ValidationError as error:
        configure(service)
        for fault in error.errors(include_input=False, include_url=False, include_context=False):
            where = ".".join(str(part) for part in fault["loc"])
            name, _, inside = where.partition(".")
            log.critical("setting_wrong", setting=name.upper(), place=inside, reason=fault["msg"])
    except SettingsError as error:
        configure(service)
        named = _NAMED.search(str(error))
        name = named[1] if named else ""
        reason = "names no folder" if name == FOLDER else "cannot be read; is it JSON?"
        log.critical("setting_wrong", setting=name.upper(), place="", reason=reason)
    raise SystemExit(1)


class KafkaSettings(ProcessSettings):
    """Where Kafka is, and how this process proves who it is there: see `KafkaSecurity`."""

    kafka_bootstrap_servers: str
    kafka_security_protocol: Protocol = "PLAINTEXT"
    kafka_ca_file: Path | None = None
    kafka_certificate_file: Path | None = None
    kafka_key_file: Path | None = None
    kafka_username: str = ""
    kafka_password_file: Path | None = None

    @property
    def kafka_security(self) -> KafkaSecurity:
        """Return it as one value."""
        return KafkaSecurity(
            self.kafka_security_protocol,
            self.kafka_ca_file,
            self.kafka_certificate_file,
            self.kafka_key_file,
            self.kafka_username,
            self.kafka_password_file,
        )

    @model_validator(mode="after")
    def _can_be_used(self) -> Self:
        try:
            self.kafka_security.check()
        except BadKafkaSecurity as error:
            raise PydanticCustomError(
                "kafka_security", "{reason}", {"reason": str(error)}
            ) from None
        return self


class CommonSettings(KafkaSettings):
    """Addresses, keys and the identity of this replica."""

    database_url: Annotated[str, Field(repr=False)]
    #: `await`: someone else applies the migrations (`python -m <service> migrate`); the start
    #: waits for them, and needs no right to change tables.
    migrations: Literal["apply", "await"] = "apply"
    http_host: str = "127.0.0.1"
    http_port: int
    replica: str = "0"
    particulars_keys: Annotated[str, Field(repr=False)]
    oidc_issuer: str
    oidc_jwks_url: str
    oidc_audience: str = "hotich"
    log_level: str = "INFO"
    #: How far the rules' clock is ahead of the real one; to live on another day.
    clock_offset_seconds: float = 0
    flood_limit: int = 100
    #: How long published rows stay, so that a damaged topic can be published again.
    sent_days: int = 30
    #: When a service compares itself with its neighbours, each day, in Vietnam's time.
    reconcile_at: time = time(2, 0)
