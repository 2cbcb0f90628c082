"""What a process lets HTTP clients do: how much, how fast, how often."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from plumbing.addresses import networks
from plumbing.settings import ProcessSettings


def _networks(text: str) -> str:
    try:
        networks(text)
    except ValueError:
        raise PydanticCustomError("networks", "not a list of networks") from None
    return text


class HttpSettings(ProcessSettings):
    """The limits of one process; each replica counts for itself.

    `trusted_proxies`: networks, comma separated, whose word about a client's address is believed.
    `public_url`: where browsers reach the service; when it is https, they are told to use nothing
    else. `http_openapi`: whether `/openapi.json` is there.
    """

    trusted_proxies: Annotated[str, AfterValidator(_networks)] = ""
    public_url: str = ""
    http_openapi: bool = True
    #: Bytes of path and query, number and bytes of headers.
    http_max_url_bytes: Annotated[int, Field(ge=256)] = 8 * 1024
    http_max_headers: Annotated[int, Field(ge=16)] = 64
    http_max_header_bytes: Annotated[int, Field(ge=1024)] = 32 * 1024
    #: How long the head of a request, and then its body, may take to come.
    http_head_seconds: Annotated[float, Field(gt=0)] = 20
    http_body_seconds: Annotated[float, Field(gt=0)] = 60
    #: Requests under way; health and metrics are answered besides.
    http_max_requests: Annotated[int, Field(ge=1)] = 512
    #: Requests of one person by one client: so many a second, and so many at once after a pause.
    http_client_rate: Annotated[float, Field(gt=0)] = 100
    http_client_burst: Annotated[int, Field(ge=1)] = 2000
    #: Of one network: tokens that are not believed, and sign-ins begun or ended. All officers of a
    #: province may come from one address, and within the same minutes of a morning.
    http_failures_per_minute: Annotated[int, Field(ge=1)] = 60
    http_sign_ins_per_minute: Annotated[int, Field(ge=1)] = 1200
