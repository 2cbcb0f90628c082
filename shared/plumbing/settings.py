"""What every service is told by its environment."""

from datetime import time

from pydantic_settings import BaseSettings, SettingsConfigDict


class CommonSettings(BaseSettings):
    """Addresses, keys and the identity of this replica."""

    model_config = SettingsConfigDict(extra="ignore", hide_input_in_errors=True)

    kafka_bootstrap_servers: str
    database_url: str
    http_host: str = "127.0.0.1"
    http_port: int
    replica: str = "0"
    particulars_keys: str
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
