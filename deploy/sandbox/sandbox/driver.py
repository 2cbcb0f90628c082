"""The portals' voice: makes a portal send what it has, over HTTP or on the bus."""

import asyncio
import json
import random
import uuid
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import quote

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, web

from sandbox.answers import IDEMPOTENCY_KEY, answer, compact_json, read_object, refused
from sandbox.bus import BusAway, BusSender
from sandbox.callbacks import known_portal
from sandbox.journal import Journal
from sandbox.portals import PORTAL_REFERENCE, Outcome, Portals
from sandbox.tokens import TokenIssuer

GIVE_UP_SECONDS = 60.0

_ONE_CALL = ClientTimeout(total=20.0, connect=5.0)
_LONGEST_PAUSE_SECONDS = 3.0


@dataclass(frozen=True, slots=True)
class Order:
    """What a portal is to send: a submission, a supplement or a withdrawal (`about`)."""

    about: str
    road: str
    document: dict[str, Any]
    key: str

    @property
    def reference(self) -> str:
        """The portal's own reference of the dossier."""
        return str(self.document["portal_reference"])

    @property
    def path(self) -> str:
        """Where the intake takes it, percent-encoded."""
        own = f"/{quote(self.reference, safe='')}"
        return {"submission": "", "supplement": f"{own}/supplements"}.get(
            self.about, f"{own}/withdrawal"
        )


class Driver:
    """Sends what it is given, also when it is wrong: the other side has to refuse it."""

    def __init__(
        self,
        *,
        portals: Portals,
        journal: Journal,
        tokens: TokenIssuer,
        bus: BusSender,
        intake_url: str,
    ) -> None:
        self._portals = portals
        self._journal = journal
        self._tokens = tokens
        self._bus = bus
        self._submissions_url = f"{intake_url}/v1/submissions" if intake_url else ""

    async def open(self) -> None:
        """Open the HTTP client."""
        self._http = ClientSession(timeout=_ONE_CALL, json_serialize=compact_json)

    async def close(self) -> None:
        """Close the HTTP client."""
        await self._http.close()

    def routes(self) -> list[web.RouteDef]:
        """Return the routes that make a portal send."""
        return [
            web.post(f"/portals/{{portal}}/{about}s", self._sender(about))
            for about in ("submission", "supplement", "withdrawal")
        ]

    def _sender(
        self, about: str
    ) -> Callable[[web.Request], Coroutine[Any, Any, web.StreamResponse]]:
        async def send(request: web.Request) -> web.StreamResponse:
            portal = known_portal(request, self._portals)
            return await self.send(portal, _read_order(about, await read_object(request)))

        return send

    async def send(self, portal: str, order: Order) -> web.Response:
        """Make the portal send it and return what the other side said; raises Refused."""
        if order.road == "http" and not self._submissions_url:
            raise refused(503, "No intake", "INTAKE_URL is not set")
        if order.road == "http" and portal not in self._tokens:
            raise refused(503, "No token", "this portal is no client in the secrets file")
        self._portals.send(portal, order.reference, order.about, order.road, order.key)
        await self._journal.durable()
        if order.road == "bus":
            return await self._send_on_bus(portal, order)
        return await self._send_over_http(portal, order)

    async def _send_on_bus(self, portal: str, order: Order) -> web.Response:
        try:
            event_id = await self._bus.send(portal, order.about, order.document, order.key)
        except BusAway as away:
            raise refused(503, "No bus", str(away)) from None
        sent = {"portal_reference": order.reference, "road": "bus"}
        return answer({**sent, "idempotency_key": order.key, "event_id": event_id}, status=202)

    async def _send_over_http(self, portal: str, order: Order) -> web.Response:
        try:
            async with asyncio.timeout(GIVE_UP_SECONDS):
                status, outcome = await self._ask_until_answered(portal, order)
        except TimeoutError:
            raise refused(504, "No answer", "the intake gave no final answer in time") from None
        self._portals.answer(portal, order.reference, order.about, "http", outcome)
        await self._journal.durable()
        return answer(
            {
                "portal_reference": order.reference,
                "road": "http",
                "idempotency_key": order.key,
                "status": status,
                "dossier_code": outcome.dossier_code,
                "dossier_id": outcome.dossier_id,
                "problem": outcome.problem,
            }
        )

    async def _ask_until_answered(self, portal: str, order: Order) -> tuple[int, Outcome]:
        url = f"{self._submissions_url}{order.path}"
        pause_seconds = 0.1
        while True:
            asked_to_wait = 0.0
            headers = {"Authorization": f"Bearer {self._tokens.token_of(portal)}"}
            headers["Idempotency-Key"] = order.key
            try:
                async with self._http.post(url, json=order.document, headers=headers) as response:
                    if response.status < 500 and response.status != HTTPStatus.TOO_MANY_REQUESTS:
                        return response.status, await _read_outcome(response)
                    asked_to_wait = _retry_after(response)
            except (ClientError, TimeoutError):
                # No answer is neither yes nor no; the same key makes asking again safe.
                pass
            pause_seconds = min(pause_seconds * 2, _LONGEST_PAUSE_SECONDS)
            await asyncio.sleep(max(asked_to_wait, pause_seconds * random.uniform(0.5, 1.0)))


def _read_order(about: str, body: dict[str, Any]) -> Order:
    road, document = body.get("road"), body.get(about)
    key = body.get("idempotency_key", str(uuid.uuid4()))
    wrong: dict[str, str] = {}
    if road not in ("http", "bus"):
        wrong["road"] = "http or bus"
    if not isinstance(document, dict):
        wrong[about] = "an object"
    elif not PORTAL_REFERENCE.fullmatch(str(document.get("portal_reference", ""))):
        wrong[f"{about}.portal_reference"] = "1-64 of A-Z a-z 0-9 . _ / -"
    if not isinstance(key, str) or not IDEMPOTENCY_KEY.fullmatch(key):
        wrong["idempotency_key"] = "1-255 printable ASCII characters"
    if wrong or not isinstance(document, dict):
        raise refused(422, "Cannot send", "see errors", **wrong)
    return Order(about, str(road), document, str(key))


async def _read_outcome(response: ClientResponse) -> Outcome:
    try:
        body = json.loads(await response.read())
    except ValueError:
        body = None
    if not isinstance(body, dict):
        body = {}
    if response.ok:
        return Outcome(body.get("dossier_code"), body.get("dossier_id"), None)
    return Outcome(None, None, body or {"type": "about:blank", "status": response.status})


def _retry_after(response: ClientResponse) -> float:
    text = response.headers.get("Retry-After", "")
    return float(text) if text.isascii() and text.isdigit() else 0.0
