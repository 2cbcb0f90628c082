"""Magic dossiers over HTTP: the list of outcomes, and a portal that hands one in."""

import json
import secrets
from dataclasses import asdict
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from aiohttp import web

from sandbox.answers import answer, read_object, refused
from sandbox.callbacks import known_portal
from sandbox.clock import Clock
from sandbox.driver import Driver, Order
from sandbox.journal import Journal
from sandbox.magic import CATALOGUE, PREFIX, PROVINCE, UNIT, USUAL_SECONDS, Magic, named, played
from sandbox.portals import PORTAL_REFERENCE, Portals
from sandbox.register_dossier import CODE
from sandbox.samples import load

PORTAL = "national-portal"
#: What a person is to work on; it names no outcome.
DESK_PREFIX = "DESK-"
#: Communes of one map each, and the day the second map begins.
_NO_MORE, _NOT_YET, _SECOND_MAP = "26734", "26732", "2025-07-01"
_LONGEST_SECONDS = 3600


class MagicApi:
    """Hands in magic dossiers as a portal, and sends what the portal owes them."""

    def __init__(self, driver: Driver, portals: Portals, journal: Journal, clock: Clock) -> None:
        self._driver = driver
        self._portals = portals
        self._journal = journal
        self._clock = clock

    def routes(self) -> list[web.RouteDef]:
        """Return the routes; they need no password."""
        return [
            web.get("/magic", self._list),
            web.post("/magic/{name}", self._send),
            web.post("/desk", self._for_desk),
            web.post("/magic/{name}/follow-ups", self._follow_up),
            web.put("/portals/{portal}/magic/{reference:.+}", self._know),
        ]

    async def _list(self, request: web.Request) -> web.Response:
        return answer({"unit_code": UNIT, "outcomes": [_shown(one) for one in CATALOGUE]})

    async def _send(self, request: web.Request) -> web.Response:
        magic, portal = _magic(request), PORTAL
        seconds = (await read_object(request)).get("seconds", USUAL_SECONDS)
        if type(seconds) is not int or not 0 <= seconds <= _LONGEST_SECONDS:
            raise refused(422, "Not sent", "see errors", seconds=f"0 to {_LONGEST_SECONDS}")
        document = self._submission(magic, f"{magic.name}-{seconds}s")
        if magic.is_twice:
            first = document["portal_reference"].replace(magic.name, "ACCEPTED")
            await self._hand_in(portal, document | {"portal_reference": first})
        sent = await self._hand_in(portal, document)
        return answer({"outcome": _shown(magic), "portal": portal, "sent": sent})

    async def _for_desk(self, request: web.Request) -> web.Response:
        """Hand in a dossier that waits on the desk for a person: no officer here plays with it."""
        document = self._submission(CATALOGUE[0], CATALOGUE[0].name)
        reference = f"{DESK_PREFIX}{secrets.token_hex(4)}"
        sent = await self._hand_in(PORTAL, document | {"portal_reference": reference})
        return answer({"unit_code": UNIT, "sent": sent})

    async def _hand_in(self, portal: str, document: dict[str, Any]) -> dict[str, Any]:
        order = Order("submission", "http", document, document["portal_reference"])
        response = await self._driver.send(portal, order)
        told: dict[str, Any] = json.loads(response.text or "{}")
        return told

    def _submission(self, magic: Magic, name: str) -> dict[str, Any]:
        run, now = secrets.token_hex(4), self._clock.shown(datetime.now(UTC))
        sample = next(
            one.submission
            for one in load(now, run)
            if one.submission["form"]["kind"] == magic.form and one.expect == "registered"
        )
        unit = UNIT
        if magic.refused:
            unit = _NO_MORE if now.date().isoformat() >= _SECOND_MAP else _NOT_YET
        place = {"province_code": PROVINCE, "unit_code": unit, "residence_unit_code": UNIT}
        form = {name: value for name, value in sample["form"].items() if name != "note"}
        return sample | place | {"form": form, "portal_reference": f"{PREFIX}{name}-{run}"}

    async def _follow_up(self, request: web.Request) -> web.Response:
        magic, body = _magic(request), await read_object(request)
        reference = str(body.get("portal_reference", ""))
        if magic.then is None or not self._portals.dossiers(PORTAL, reference):
            raise refused(409, "Nothing to send", "this outcome or dossier waits for nothing")
        now = self._clock.shown(datetime.now(UTC)).isoformat(timespec="seconds")
        document: dict[str, Any] = {"portal_reference": reference, "requested_at": now}
        if magic.then.send == "supplement":
            paper = _paper(reference)
            document = {"portal_reference": reference, "resubmitted_at": now}
            document["attachments"] = [paper]
        order = Order(magic.then.send, "http", document, f"{reference}-{magic.then.send}")
        return await self._driver.send(PORTAL, order)

    async def _know(self, request: web.Request) -> web.Response:
        """Be told of a dossier whose callbacks go to a portal of somebody else."""
        portal, reference = known_portal(request, self._portals), request.match_info["reference"]
        code = (await read_object(request)).get("dossier_code")
        if not PORTAL_REFERENCE.fullmatch(reference) or played(reference) is None:
            raise refused(422, "No magic", "the reference names no outcome", reference="MAGIC-…")
        if not isinstance(code, str) or not CODE.fullmatch(code):
            raise refused(422, "No magic", "see errors", dossier_code="as in the receipt")
        if code not in self._portals.magic:
            self._portals.know(portal, reference, code)
        await self._journal.durable()
        return web.Response(status=204)


def _magic(request: web.Request) -> Magic:
    magic = named(request.match_info["name"])
    if magic is None:
        known = ", ".join(one.name for one in CATALOGUE)
        raise refused(404, "Unknown outcome", f"known: {known}")
    return magic


def _shown(magic: Magic) -> dict[str, Any]:
    kept = ("name", "en", "vi", "steps", "then", "refused")
    return {name: value for name, value in asdict(magic).items() if name in kept}


def _paper(reference: str) -> dict[str, Any]:
    digest = sha256(reference.encode()).hexdigest()
    return {
        "kind": "birth_notification",
        "name": "giay-chung-sinh.jpg",
        "uri": f"https://files.example.org/magic/{digest[:20]}",
        "media_type": "image/jpeg",
        "size_bytes": 184_213,
        "sha256": digest,
    }
