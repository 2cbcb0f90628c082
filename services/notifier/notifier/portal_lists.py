"""Asks a portal what it knows of its dossiers: by reference, or one after the other."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from typing import Annotated, Any, Literal
from uuid import uuid4

import aiohttp
from pydantic import Field, StringConstraints, TypeAdapter, ValidationError
from standardwebhooks import Webhook

from contracts.model import Contract, PortalReference
from contracts.portal import PortalDossier, PortalQuestion
from notifier.outside import is_about_request, is_not_allowed
from notifier.settings import PortalAddress

#: A page of a thousand short rows is far below this.
MOST_BYTES = 4 * 1024 * 1024
PAGE = 1000

_CHUNK = 64 * 1024
_REFERENCE: TypeAdapter[str] = TypeAdapter(PortalReference)


class PortalAway(Exception):
    """The portal gave no list; nothing is known that was not known before.

    `at_work`: it said what is wrong with this question.
    """

    def __init__(self, reason: str, *, at_work: bool = False) -> None:
        super().__init__(reason)
        self.at_work = at_work


class PortalMisspoke(Exception):
    """The portal answered outside the contract."""


class _Page(Contract):
    """A portal's answer (`PortalDossiers`) before its rows are read, each by itself."""

    dossiers: Annotated[tuple[Any, ...], Field(max_length=PAGE)]
    next: Annotated[str, StringConstraints(max_length=256)] = ""


@dataclass(frozen=True)
class PortalPage:
    """What a portal said of some dossiers; `next` is where its list goes on, empty at its end.

    `unreadable` are the references of rows outside the contract, `nameless` how many of those
    have none.
    """

    dossiers: tuple[PortalDossier, ...]
    next: str = ""
    unreadable: tuple[str, ...] = ()
    nameless: int = 0

    def said_of(self, reference: str) -> PortalDossier | Literal["unreadable"] | None:
        """Return what the portal said of the dossier, None when nothing.

        Where a row has no reference that can be read, nobody knows of which dossier it is not.
        """
        if reference in self._by_reference:
            return self._by_reference[reference]
        return "unreadable" if self.nameless or reference in self.unreadable else None

    @cached_property
    def _by_reference(self) -> dict[str, PortalDossier]:
        return {one.portal_reference: one for one in self.dossiers}


class PortalList:
    """The list of one portal, behind a signed question; asking changes nothing there."""

    def __init__(
        self, http: aiohttp.ClientSession, address: PortalAddress, clock: Callable[[], datetime]
    ) -> None:
        assert address.dossiers_url is not None
        self._http, self._url, self._clock = http, address.dossiers_url, clock
        self._webhook = Webhook(address.secret.get_secret_value())

    async def of(self, references: Sequence[str]) -> PortalPage:
        """Return what the portal has of these (at most PAGE); the unknown are absent.

        Raises PortalAway or PortalMisspoke.
        """
        return await self._ask(PortalQuestion(references=tuple(references)))

    async def after(self, place: str, since: datetime | None) -> PortalPage:
        """Return the dossiers after a place, with the next one; of those changed `since`, or all.

        The next place is greater than this one. Raises PortalAway or PortalMisspoke.
        """
        page = await self._ask(PortalQuestion(after=place, since=since))
        if page.next and page.next <= place:
            raise PortalMisspoke("the list goes back")
        return page

    async def _ask(self, question: PortalQuestion) -> PortalPage:
        body = question.model_dump_json(exclude_none=True)
        identity, now = str(uuid4()), self._clock().astimezone(UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": identity,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": self._webhook.sign(identity, now, body),
        }
        try:
            async with self._http.post(
                self._url, data=body.encode(), headers=headers, allow_redirects=False
            ) as response:
                if response.status != 200:
                    at_work = is_about_request(response.status)
                    raise PortalAway(f"http_{response.status}", at_work=at_work)
                return _read(await _whole(response))
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            name = "address_not_allowed" if is_not_allowed(error) else type(error).__name__
            raise PortalAway(name) from None


async def _whole(response: aiohttp.ClientResponse) -> bytes:
    """Return the body, however many pieces it comes in; raises PortalMisspoke when too long."""
    text = bytearray()
    async for piece in response.content.iter_chunked(_CHUNK):
        text += piece
        if len(text) > MOST_BYTES:
            raise PortalMisspoke("too long a list")
    return bytes(text)


def _read(text: bytes) -> PortalPage:
    try:
        page = _Page.model_validate_json(text)
    except ValidationError:
        raise PortalMisspoke("no list of dossiers") from None
    read, odd = [], []
    for row in page.dossiers:
        try:
            read.append(PortalDossier.model_validate(row))
        except ValidationError:
            odd.append(_reference_of(row))
    named = tuple(one for one in odd if one)
    return PortalPage(tuple(read), page.next, named, len(odd) - len(named))


def _reference_of(row: Any) -> str:
    """Return by which reference a row outside the contract goes, empty when by none."""
    try:
        return _REFERENCE.validate_python(row["portal_reference"])
    except (ValidationError, KeyError, TypeError):
        return ""
