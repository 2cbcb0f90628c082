"""What the audit is told by its environment."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from plumbing.settings import KafkaSettings


class AuditSettings(KafkaSettings):
    """Where the log is and where its archive is kept."""

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
