"""The test officer: does by the officers' own API what magic dossiers ask for."""

import asyncio
import logging
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import ClientError, ClientSession, ClientTimeout

from sandbox.answers import compact_json
from sandbox.clock import Clock
from sandbox.magic import Played, comes_later, played
from sandbox.portals import PortalDossier, Portals
from sandbox.register import Register
from sandbox.settings import Client
from sandbox.tokens import TokenIssuer

TICK_SECONDS = 0.5
#: Nobody waits for the end of an older one any more.
FORGOTTEN_AFTER = timedelta(hours=2)

_ONE_CALL = ClientTimeout(total=10.0)
_PAUSE_SECONDS = 2.0
_MOST_ROWS = "500"
_OPERATOR = "operator"
#: The lists beside the waiting ones that an outcome needs.
_LISTS = {"STOPPED": "stopped", "RESCHEDULED": "in_process", "HANDED-OVER": "to_hand_over"}
_RETURNS = {
    "REFUSED": ("refused", "conditions_not_met"),
    "WRONG-AUTHORITY": ("wrong_authority", "not_competent"),
    "DUPLICATE": ("refused", "duplicate_registration"),
    "SUPPLEMENT": ("supplement", "paper_unreadable"),
}

log = logging.getLogger(__name__)

Act = tuple[str, dict[str, Any] | None]


@dataclass(frozen=True, slots=True)
class Open:
    """A magic dossier that is not at its end yet."""

    code: str
    played: Played
    dossier: PortalDossier

    @property
    def steps(self) -> list[str]:
        """Return the steps its portal was told."""
        return [told["step"] for told in self.dossier.statuses]


def next_act(asked: Played, view: Mapping[str, Any], now: datetime) -> Act | None:
    """Return the officer's next act on a dossier as the desk shows it, None for none now."""
    match view["status"]:
        case "received":
            return _at_reception(asked.magic.name, view)
        case "stopped" if asked.magic.name == "STOPPED":
            since = datetime.fromisoformat(view["pauses"][-1]["from_at"])
            return ("resume", None) if now - since >= timedelta(seconds=asked.seconds) else None
        case "accepted" if asked.magic.name == "RESCHEDULED" and "verify" in view["allowed"]:
            return "verify", {"reason": "verify_information"}
        case "registered" if asked.magic.name == "HANDED-OVER":
            return "hand-over", {"method": "in_person"}
    return None


def _at_reception(name: str, view: Mapping[str, Any]) -> Act | None:
    match name:
        case "WITHDRAWN":
            return None
        case "STOPPED" if not view["pauses"]:
            return "stop", {"reason": "legal_obstacle"}
    is_alone = name == "DUPLICATE" and "same_event" not in view["flags"]
    is_complete = name == "SUPPLEMENT" and "supplement" not in view["allowed"]
    if name not in _RETURNS or is_alone or is_complete:
        return "accept", None
    kind, reason = _RETURNS[name]
    return "return", {"kind": kind, "reasons": [reason]}


class MagicDesk:
    """Looks at the desks while a magic dossier is open, and touches no other dossier."""

    def __init__(
        self,
        *,
        portals: Portals,
        register: Register,
        tokens: TokenIssuer,
        clients: Mapping[str, Client],
        clock: Clock,
        routing_url: str,
        registry_url: str,
    ) -> None:
        self._portals = portals
        self._register = register
        self._tokens = tokens
        self._officers = sorted(
            {
                str(client.claims.get("unit_code")): client_id
                for client_id, client in clients.items()
                if client.claims.get("role") == "officer"
            }.values()
        )
        self._has_operator = _OPERATOR in clients
        self._clock = clock
        self._routing_url = routing_url
        self._registry_url = registry_url
        self._compared_at = 0.0

    async def keep_working(self) -> None:
        """Work for ever; what does not succeed is looked at again."""
        async with ClientSession(timeout=_ONE_CALL, json_serialize=compact_json) as http:
            while True:
                try:
                    await self._look(http)
                except (ClientError, TimeoutError, ValueError, KeyError) as trouble:
                    log.info("magic_desk_waits cause=%s", type(trouble).__name__)
                    await asyncio.sleep(_PAUSE_SECONDS)
                await asyncio.sleep(TICK_SECONDS)

    async def _look(self, http: ClientSession) -> None:
        found = list(self._open())
        if not found:
            return
        by_code = {one.code: one for one in found}
        lists = {"waiting"} | {_LISTS.get(one.played.magic.name, "waiting") for one in found}
        for officer in self._officers:
            for row in await self._rows(http, officer, lists):
                if row["dossier_code"] in by_code:
                    await self._act(http, officer, row, by_code[row["dossier_code"]].played)
        if self._correct(found):
            await self._compare(http)

    def _open(self) -> Iterator[Open]:
        oldest = (datetime.now(UTC) - FORGOTTEN_AFTER).isoformat()
        for code, (portal, reference) in self._portals.magic.items():
            (dossier,) = self._portals.dossiers(portal, reference)
            asked = played(reference)
            is_recent = (dossier.seen_at or dossier.sent_at or "") > oldest
            if asked and is_recent and len(dossier.statuses) < len(asked.magic.steps):
                yield Open(code, asked, dossier)

    async def _rows(
        self, http: ClientSession, officer: str, lists: Collection[str]
    ) -> list[dict[str, Any]]:
        rows: list[dict[str, Any]] = []
        for name in sorted(lists):
            query = {"list": name, "limit": _MOST_ROWS}
            url, headers = f"{self._routing_url}/v1/desk", self._headers(officer)
            async with http.get(url, params=query, headers=headers) as response:
                response.raise_for_status()
                rows += await response.json()
        return rows

    async def _act(
        self, http: ClientSession, officer: str, row: Mapping[str, Any], asked: Played
    ) -> None:
        url = f"{self._routing_url}/v1/dossiers/{row['dossier_id']}"
        headers = self._headers(officer)
        async with http.get(url, headers=headers) as response:
            if response.status != 200:
                return
            view = await response.json()
        act = next_act(asked, view, self._clock.shown(datetime.now(UTC)))
        if act is None:
            return
        path, body = act
        # What happened since makes the act void: it is looked at again.
        headers["If-Match"] = f'"{view["revision"]}"'
        async with http.post(f"{url}/{path}", json=body, headers=headers) as response:
            log.info("magic_desk_acts act=%s status=%d", path, response.status)

    def _correct(self, found: Collection[Open]) -> bool:
        """Correct the entries that are to be corrected; return whether a word waits to be heard."""
        waits = False
        for one in found:
            later = next((step for step in one.played.magic.steps if comes_later(step.step)), None)
            entry = self._register.find(one.code)
            if later is None or entry is None or "registered" not in one.steps:
                continue
            if later.step == "registration_corrected":
                if not entry.correction and entry.verdict and entry.verdict.page:
                    self._register.correct(one.code, {"trangSo": str(entry.verdict.page + 1)})
                waits = True
            else:
                waits = waits or entry.personal_number(datetime.now(UTC)) is not None
        return waits

    async def _compare(self, http: ClientSession) -> None:
        """Ask, as an operator, for a comparison with the register: else it comes at night."""
        now = asyncio.get_running_loop().time()
        if not (self._registry_url and self._has_operator) or now - self._compared_at < 3:
            return
        self._compared_at = now
        url, headers = f"{self._registry_url}/v1/reconciliations", self._headers(_OPERATOR)
        async with http.post(url, json={"scope": "all"}, headers=headers) as response:
            log.info("magic_desk_compares status=%d", response.status)

    def _headers(self, client_id: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._tokens.token_of(client_id)}"}
