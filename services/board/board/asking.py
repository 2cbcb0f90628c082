"""Asks the services over HTTP in the name of the person who is signed in, for a bounded time."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import aiohttp
import structlog

from plumbing.logs import describe

log = structlog.get_logger()

#: A page waits for no service longer than that.
LONGEST_SECONDS: Final = 5.0
_CONNECT_SECONDS: Final = 2.0
#: What a document of a service holds at most; the page is not to be killed by one.
_MOST_BYTES: Final = 8 * 1024 * 1024


class Away(Exception):
    """A service gave no answer that can be read; `reason` is a constant."""

    def __init__(self, service: str, reason: str, error: str = "") -> None:
        super().__init__(reason)
        self.service, self.reason, self.error = service, reason, error


@dataclass(frozen=True)
class Answer:
    """What a service answered: its status and its document, None when it is empty."""

    status: int
    document: Any

    @property
    def is_yes(self) -> bool:
        """Return whether it did what was asked."""
        return self.status < 300

    @property
    def problem(self) -> str:
        """Return the name of the problem, the last part of its type; empty when it is none."""
        told = self.document if isinstance(self.document, dict) else {}
        return "" if self.is_yes else str(told.get("type", "")).rpartition("/")[2]


@dataclass(frozen=True)
class Services:
    """The services by name, each at the addresses of its replicas."""

    urls: Mapping[str, Sequence[str]]
    session: aiohttp.ClientSession

    async def ask(self, token: str, service: str, method: str, path: str, **how: Any) -> Answer:
        """Return what the service answers; raises Away, KeyError for a name it does not know.

        A replica that cannot be reached is passed over for the next one; one that was told
        something and gave no answer is not. `how` is what aiohttp takes: `params`, `json`.
        """
        away = Away(service, "no_address")
        now = asyncio.get_running_loop().time
        deadline = now() + LONGEST_SECONDS
        for url in self.urls[service]:
            try:
                # All replicas together have that long, for a page waits for them all.
                async with asyncio.timeout_at(deadline):
                    return await self.ask_at(url, service, token, method, path, **how)
            except TimeoutError:
                away = Away(service, "no_answer_in_time")
            except Away as error:
                away = error
            told = {"component": service, "reason": away.reason, "error": away.error}
            log.warning("service_not_asked", **told)
            was_told = method != "GET" and away.reason != "not_reached"
            if was_told or now() >= deadline:
                break
        raise away

    async def ask_at(
        self, url: str, service: str, token: str, method: str, path: str, **how: Any
    ) -> Answer:
        """Return what the replica at the address answers; raises Away. No token: as nobody."""
        how = {"allow_redirects": False, **how}
        if token:
            how["headers"] = {"authorization": f"Bearer {token}"}
        try:
            async with self.session.request(method, url + path, **how) as told:
                document = await _document(told)
                return Answer(told.status, document)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError) as error:
            raise Away(service, "not_reached", describe(error)) from None
        except TimeoutError as error:
            raise Away(service, "no_answer_in_time", describe(error)) from None
        except (aiohttp.ClientError, ValueError) as error:
            raise Away(service, "answer_unreadable", describe(error)) from None


async def _document(told: aiohttp.ClientResponse) -> Any:
    body = await told.content.read(_MOST_BYTES + 1)
    while len(body) <= _MOST_BYTES and not told.content.at_eof():
        body += await told.content.read(_MOST_BYTES + 1 - len(body))
    if len(body) > _MOST_BYTES:
        raise ValueError
    return json.loads(body) if body else None


def open_session() -> aiohttp.ClientSession:
    """Return the one HTTP session of the process; it keeps no cookies and follows nobody."""
    timeout = aiohttp.ClientTimeout(total=LONGEST_SECONDS, connect=_CONNECT_SECONDS)
    return aiohttp.ClientSession(timeout=timeout, cookie_jar=aiohttp.DummyCookieJar())
