"""The portals' ears: signed status callbacks in, and the list of what each portal knows."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from aiohttp import web
from standardwebhooks import Webhook, WebhookVerificationError

from sandbox.answers import answer, read_object, refused
from sandbox.faults import Faults
from sandbox.journal import Journal
from sandbox.portals import PORTAL_REFERENCE, PortalDossier, Portals
from sandbox.settings import Secrets

_TYPE = "dossier.status"
#: How many dossiers a portal lists at once.
LISTED = 1000


class Callbacks:
    """Verifies, dedupes and journals what portals are told."""

    def __init__(self, portals: Portals, journal: Journal, secrets: Secrets) -> None:
        self._portals = portals
        self._journal = journal
        self._signatures = {name: Webhook(secret) for name, secret in secrets.portals.items()}

    def routes(self, faults: Faults) -> list[web.RouteDef]:
        """Return the routes portals are told and asked by."""
        take = faults.guard("callbacks", self._take)
        return [
            web.post("/portals/{portal}/callbacks", take),
            web.get("/portals/{portal}/dossiers", self._dossiers),
            web.post("/portals/{portal}/dossiers", self._list),
            web.put("/portals/{portal}/losses/{reference}", self._lose),
        ]

    async def _take(self, request: web.Request) -> web.Response:
        portal = known_portal(request, self._portals)
        await self._verify(request, portal)
        update = _read_update(await read_object(request))
        self._portals.call_back(portal, request.headers["webhook-id"], update)
        await self._journal.durable()
        return web.Response(status=204)

    async def _verify(self, request: web.Request, portal: str) -> None:
        try:
            body = await request.read()
            self._signatures[portal].verify(body, dict(request.headers), json_parse=False)
        except (WebhookVerificationError, ValueError):
            # The library lets ValueError out for a signature or body it cannot decode.
            raise refused(
                401, "Wrong signature", "Standard Webhooks, this portal's secret"
            ) from None

    async def _dossiers(self, request: web.Request) -> web.Response:
        portal = known_portal(request, self._portals)
        found = self._portals.dossiers(portal, request.query.get("portal_reference"))
        await self._journal.durable()
        return answer([asdict(dossier) for dossier in found])

    async def _list(self, request: web.Request) -> web.Response:
        """Answer a signed question about the dossiers: these, or those after a place."""
        portal = known_portal(request, self._portals)
        await self._verify(request, portal)
        question = await read_object(request)
        known = [one for one in self._portals.dossiers(portal, None) if one.problem is None]
        references = question.get("references")
        if isinstance(references, list):
            wanted = {str(one) for one in references}
            listed = [one for one in known if one.portal_reference in wanted]
            return answer({"dossiers": [listing(one) for one in listed], "next": ""})
        after, since = str(question.get("after") or ""), str(question.get("since") or "")
        moment = datetime.fromisoformat(since) if since else None
        following = sorted(
            (
                one
                for one in known
                if one.portal_reference > after and (moment is None or changed_at(one) >= moment)
            ),
            key=lambda one: one.portal_reference,
        )
        page = following[:LISTED]
        more = page[-1].portal_reference if len(following) > LISTED else ""
        return answer({"dossiers": [listing(one) for one in page], "next": more})

    async def _lose(self, request: web.Request) -> web.Response:
        portal, reference = known_portal(request, self._portals), request.match_info["reference"]
        if not self._portals.dossiers(portal, reference):
            raise refused(404, "Unknown dossier", "this portal has none of that reference")
        self._portals.forget(portal, reference)
        await self._journal.durable()
        return web.Response(status=204)


def listing(dossier: PortalDossier) -> dict[str, Any]:
    """Return a dossier as the portal tells the notifier of it."""
    last = dossier.statuses[-1] if dossier.statuses else None
    known = {
        "dossier_code": dossier.dossier_code or (last and last.get("dossier_code")),
        "status": last and last["status"],
    }
    told = {name: value for name, value in known.items() if value is not None}
    return {
        "portal_reference": dossier.portal_reference,
        "submitted_at": dossier.sent_at or dossier.seen_at,
        **told,
    }


def changed_at(dossier: PortalDossier) -> datetime:
    """Return when the portal last heard or sent something of the dossier."""
    moments = [*(one["at"] for one in dossier.statuses), dossier.sent_at, dossier.seen_at]
    return max(datetime.fromisoformat(one) for one in moments if one is not None)


def known_portal(request: web.Request, portals: Portals) -> str:
    """Return the portal in the path; raises Refused with 404 for one that is not played."""
    portal = request.match_info["portal"]
    if portal not in portals:
        raise refused(404, "Unknown portal", "it is not in the secrets file")
    return portal


def _read_update(body: dict[str, Any]) -> dict[str, Any]:
    update = body.get("data")
    if body.get("type") != _TYPE or not isinstance(update, dict):
        raise refused(422, "Not a callback", f"type must be {_TYPE} and data an object")
    wrong: dict[str, str] = {}
    if not PORTAL_REFERENCE.fullmatch(str(update.get("portal_reference", ""))):
        wrong["data.portal_reference"] = "1-64 of A-Z a-z 0-9 . _ / -"
    if not _is_status(update.get("status")):
        wrong["data.status"] = "a whole number from 1 to 10"
    for name in ("dossier_code", "step", "event_id"):
        if not isinstance(update.get(name), str) or not 0 < len(update[name]) <= 64:
            wrong[f"data.{name}"] = "1-64 characters"
    if not _is_aware(update.get("occurred_at")):
        wrong["data.occurred_at"] = "a moment with its offset"
    passed = update.get("passed", [])
    if not isinstance(passed, list) or not all(_is_status(one) for one in passed):
        wrong["data.passed"] = "a list of whole numbers from 1 to 10"
    if update.get("due_at") is not None and not _is_aware(update["due_at"]):
        wrong["data.due_at"] = "a moment with its offset"
    if wrong:
        raise refused(422, "Not a callback", "see errors", **wrong)
    known = ("portal_reference", "dossier_code", "status", "step", "event_id", "occurred_at")
    return {**{name: update[name] for name in known}, "passed": passed}


def _is_status(value: object) -> bool:
    return type(value) is int and 1 <= value <= 10


def _is_aware(text: object) -> bool:
    try:
        return datetime.fromisoformat(str(text)).tzinfo is not None
    except ValueError:
        return False
