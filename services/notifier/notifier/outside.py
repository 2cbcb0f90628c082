"""One HTTP request, and what is known of it when there is no answer."""

import json
from collections.abc import Mapping

import aiohttp

#: Two requests, to ask and then to tell, fit into the time of one call.
REQUEST_SECONDS, CONNECT_SECONDS = 10.0, 4.0
#: What a gateway says of one message is short.
LONGEST_DOCUMENT = 16_384


#: A refusal of the one request; of the other ones below 500 whoever calls next gets it too.
_FOR_ALL = frozenset({401, 403, 407, 408, 429})


def is_about_request(status: int) -> bool:
    """Return whether the status is about this one request: the outside is at work for others."""
    return 400 <= status < 500 and status not in _FOR_ALL


class NoAnswer(Exception):
    """Nothing came back; the request may have been carried out."""


class NotSent(Exception):
    """There was no connection, so the request was certainly not carried out."""


class AddressNotAllowed(OSError):
    """The address is none that may be called: no connection was begun."""


class NotAllowed(NotSent):
    """Where the request should go, nothing is sent."""


def is_not_allowed(error: BaseException) -> bool:
    """Return whether a client's error is that the address may not be called.

    So is an IPv4 address in a form that is read differently here and there (octal, one number).
    """
    cause = error.os_error if isinstance(error, aiohttp.ClientConnectorError) else error
    return isinstance(cause, AddressNotAllowed | aiohttp.InvalidURL)


def timeouts() -> aiohttp.ClientTimeout:
    """Return how long a request may take, and the connection before it."""
    return aiohttp.ClientTimeout(
        total=REQUEST_SECONDS, connect=CONNECT_SECONDS, sock_connect=CONNECT_SECONDS
    )


def open_session() -> aiohttp.ClientSession:
    """Return the session of the process, its waiting times bounded; the caller closes it."""
    return aiohttp.ClientSession(timeout=timeouts(), cookie_jar=aiohttp.DummyCookieJar())


async def status_of(
    http: aiohttp.ClientSession,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes | None = None,
) -> int:
    """Return the status answered, redirects not followed; raises NotSent or NoAnswer.

    Of a body that comes with it nothing is read but what the connection holds already.
    """
    try:
        async with http.request(
            method, url, headers=headers, data=body, allow_redirects=False
        ) as response:
            return response.status
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as no:
        raise (NotAllowed if is_not_allowed(no) else NotSent) from None
    except (aiohttp.ClientError, TimeoutError, OSError):
        raise NoAnswer from None


async def document_of(
    http: aiohttp.ClientSession, url: str, headers: Mapping[str, str]
) -> tuple[int, object]:
    """Return the status answered to a question and its JSON document, None without a short one.

    Raises NotSent or NoAnswer.
    """
    try:
        async with http.get(url, headers=headers, allow_redirects=False) as response:
            text = bytearray()
            # However many pieces it comes in.
            async for piece in response.content.iter_chunked(LONGEST_DOCUMENT):
                text += piece
                if len(text) > LONGEST_DOCUMENT:
                    return response.status, None
            return response.status, json.loads(text)
    except (ValueError, RecursionError):
        return response.status, None
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise NotSent from None
    except (aiohttp.ClientError, TimeoutError, OSError):
        raise NoAnswer from None
