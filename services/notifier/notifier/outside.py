"""One HTTP request, and what is known of it when there is no answer."""

from collections.abc import Mapping

import aiohttp

#: Two requests, to ask and then to tell, fit into the time of one call.
REQUEST_SECONDS, CONNECT_SECONDS = 10.0, 4.0


#: A refusal of the one request; of the other ones below 500 whoever calls next gets it too.
_FOR_ALL = frozenset({401, 403, 407, 408, 429})


def is_about_request(status: int) -> bool:
    """Return whether the status is about this one request: the outside is at work for others."""
    return 400 <= status < 500 and status not in _FOR_ALL


class NoAnswer(Exception):
    """Nothing came back; the request may have been carried out."""


class NotSent(Exception):
    """There was no connection, so the request was certainly not carried out."""


def open_session() -> aiohttp.ClientSession:
    """Return the session of the process, its waiting times bounded; the caller closes it."""
    timeout = aiohttp.ClientTimeout(
        total=REQUEST_SECONDS, connect=CONNECT_SECONDS, sock_connect=CONNECT_SECONDS
    )
    return aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())


async def status_of(
    http: aiohttp.ClientSession,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None = None,
) -> int:
    """Return the status answered, redirects not followed; raises NotSent or NoAnswer."""
    try:
        async with http.request(
            method, url, headers=headers, data=body, allow_redirects=False
        ) as response:
            return response.status
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise NotSent from None
    except (aiohttp.ClientError, TimeoutError, OSError):
        raise NoAnswer from None
