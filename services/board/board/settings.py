"""What the board is told by its environment."""

from typing import Annotated, TypeAlias

from pydantic import AnyHttpUrl, Field, TypeAdapter, field_validator

from plumbing.settings import ProcessSettings

#: The addresses of one service, one for each replica.
Addresses: TypeAlias = Annotated[tuple[str, ...], Field(min_length=1)]
_URL = TypeAdapter(AnyHttpUrl)


class BoardSettings(ProcessSettings):
    """`services_urls`: by service its address, or the addresses of its replicas, as JSON."""

    http_host: str = "127.0.0.1"
    http_port: int
    log_level: str = "INFO"
    services_urls: Annotated[dict[str, Addresses], Field(min_length=1)]
    oidc_issuer: str
    oidc_jwks_url: str
    oidc_audience: str = "hotich"

    @field_validator("services_urls", mode="before")
    @classmethod
    def _one_or_several(cls, given: object) -> object:
        """Take one address for a service that has one replica."""
        if not isinstance(given, dict):
            return given
        lists = {name: [at] if isinstance(at, str) else at for name, at in given.items()}
        return {name: [_address(one) for one in at] for name, at in lists.items()}


def _address(given: object) -> str:
    return str(_URL.validate_python(given)).rstrip("/")
