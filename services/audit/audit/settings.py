"""What the audit is told by its environment."""

from pathlib import Path
from typing import Annotated

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class AuditSettings(BaseSettings):
    """Where the log is and where its archive is kept.

    `kafka_settings`: more settings of librdkafka as JSON, for a secured Kafka:
    `{"security.protocol": "SASL_SSL", "sasl.mechanism": "SCRAM-SHA-512", …}`.
    """

    model_config = SettingsConfigDict(extra="ignore", hide_input_in_errors=True)

    kafka_bootstrap_servers: str
    kafka_settings: dict[str, str] = Field(default_factory=dict, repr=False)
    archive_folder: Path
    #: The name of the log this is the archive of: of the system, for ever.
    archive_origin: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9./-]*$")]
    #: A file of records is written when it has so many, so many bytes, or waited so long.
    segment_records: Annotated[int, Field(ge=1, le=1_000_000)] = 50_000
    segment_bytes: Annotated[int, Field(ge=1)] = 8 * 1024 * 1024
    flush_seconds: Annotated[float, Field(gt=0)] = 30.0
    http_host: str = "127.0.0.1"
    http_port: int
    log_level: str = "INFO"
    #: How far the rules' clock is ahead of the real one; what is archived has the broker's time.
    clock_offset_seconds: float = 0
    oidc_issuer: str
    oidc_jwks_url: str
    oidc_audience: str = "hotich"
