"""Tells portals where a dossier stands, by signed callback (Standard Webhooks)."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import aiohttp
import structlog
from standardwebhooks import Webhook

from notifier.outside import NoAnswer, NotAllowed, NotSent, is_about_request, status_of
from notifier.requests import CallbackRequest
from notifier.settings import PortalAddress
from plumbing.calls import Answer, Call

log = structlog.get_logger()


class PortalCallbacks:
    """Signs and sends; a portal drops what it has by the id, so a repeat does no harm."""

    def __init__(
        self,
        http: aiohttp.ClientSession,
        portals: Mapping[str, PortalAddress],
        clock: Callable[[], datetime],
    ) -> None:
        self._http, self._clock = http, clock
        self._addresses = {
            name: (portal.url, Webhook(portal.secret.get_secret_value()))
            for name, portal in portals.items()
        }

    async def __call__(self, call: Call) -> Answer:
        """Return `done` for any 2xx, `no` for 410 (the portal is gone), else that it goes on."""
        request = CallbackRequest.model_validate_json(call.request)
        address = self._addresses.get(request.portal)
        if address is None:
            log.warning("portal_not_configured", portal=request.portal)
            return Answer("again", "portal_not_configured", ours=True)
        url, webhook = address
        identity, now = str(call.effect_id), self._clock().astimezone(UTC)
        headers = {
            "content-type": "application/json",
            "webhook-id": identity,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": webhook.sign(identity, now, request.body),
        }
        try:
            status = await status_of(self._http, "POST", url, headers, request.body.encode())
        except NotAllowed:
            log.error("portal_address_not_allowed", portal=request.portal)
            return Answer("again", "address_not_allowed")
        except NotSent:
            return Answer("again", "not_connected")
        except NoAnswer:
            return Answer("unknown", "no_answer")
        call.note("told", f"http_{status}")
        return self._understand(status, request.portal)

    def _understand(self, status: int, portal: str) -> Answer:
        if 200 <= status < 300:
            return Answer("done")
        if status == 410:
            return Answer("no", "http_410")
        log.warning("portal_refuses", portal=portal, status=status)
        return Answer("again", f"http_{status}", at_work=is_about_request(status))
