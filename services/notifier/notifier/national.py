"""Calls the National Portal's own interface: look up, create or update, then the progress."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import aiohttp
import structlog

from notifier.limits import erasures
from notifier.national_batches import Batches
from notifier.national_requests import MOST_ELEMENTS, PERSONAL, NationalRequest
from notifier.outside import NoAnswer, NotAllowed, NotSent, is_not_allowed
from notifier.settings import SyncAddress
from plumbing.calls import Answer, Call
from plumbing.database import TRANSIENT, Pool

log = structlog.get_logger()

MOST_BYTES = 256 * 1024
#: So many dossiers are remembered to be there, the latest told.
REMEMBERED = 20_000
_OK = frozenset({"00", "0"})
#: With the words "đã tồn tại": the dossier is there, so it is to be updated.
_THERE = frozenset({"3", "-3"})


class Refused(Exception):
    """The portal answered with an error; `code` is its own, or `http_<status>`."""

    def __init__(self, code: str, *, is_there: bool = False) -> None:
        super().__init__(code)
        self.code, self.is_there = code, is_there


class NationalClient:
    """Speaks the interface; one session for all, begun again when the portal forgot it.

    Not more than `at_once` calls are under way; the others wait for their turn.
    """

    def __init__(self, http: aiohttp.ClientSession, address: SyncAddress, at_once: int) -> None:
        self._http, self._address = http, address
        self._turns = asyncio.Semaphore(at_once)
        self._session = ""
        self._opening = asyncio.Lock()

    async def call(self, service: str, **more: Any) -> dict[str, Any]:
        """Return the answer; raises Refused, NotSent or NoAnswer.

        What is refused is asked once more in a session begun anew: which code says that a session
        is over is agreed on nowhere.
        """
        session = await self._begun("")
        try:
            return await self._ask(session, service, more)
        except Refused as refusal:
            if refusal.is_there:
                raise
        return await self._ask(await self._begun(session), service, more)

    async def _ask(self, session: str, service: str, more: Mapping[str, Any]) -> dict[str, Any]:
        unit = self._address.madonvi
        return await self._post(
            f"{self._address.url}/api",
            {"session": session, "madonvi": unit, "service": service, **more},
        )

    async def _begun(self, over: str) -> str:
        async with self._opening:
            if self._session in ("", over):
                password = self._address.password.get_secret_value()
                said = {"username": self._address.username, "password": password}
                answer = await self._post(f"{self._address.url}/auth", said)
                self._session = str(answer.get("session", ""))
            return self._session

    async def _post(self, url: str, body: Mapping[str, Any]) -> dict[str, Any]:
        try:
            async with (
                self._turns,
                self._http.post(url, json=body, allow_redirects=False) as response,
            ):
                if response.status != 200:
                    raise Refused(f"http_{response.status}")
                text = await response.content.read(MOST_BYTES)
                while not response.content.at_eof() and len(text) < MOST_BYTES:
                    text += await response.content.read(MOST_BYTES - len(text))
        except (
            aiohttp.ClientConnectorError,
            aiohttp.ConnectionTimeoutError,
            aiohttp.InvalidURL,
        ) as no:
            raise (NotAllowed if is_not_allowed(no) else NotSent) from None
        except (aiohttp.ClientError, TimeoutError, OSError):
            raise NoAnswer from None
        return _understood(text)


def _understood(text: bytes) -> dict[str, Any]:
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError):
        raise Refused("unreadable") from None
    if not isinstance(answer, dict):
        raise Refused("unreadable")
    code = str(answer.get("error_code", ""))
    if code in _OK or isinstance(answer.get("data"), list):
        return answer
    there = code in _THERE and "đã tồn tại" in str(answer.get("message", "")).lower()
    raise Refused(f"code_{code[:16]}" if code.lstrip("-").isalnum() else "code", is_there=there)


def _field_of(answer: Mapping[str, Any]) -> tuple[str, str]:
    """Return code and name of the first field of a procedure, both empty where none is told."""
    told = answer.get("LINHVUCTHUCHIEN")
    first = told[0] if isinstance(told, list) and told else told
    if not isinstance(first, dict):
        return "", ""
    return str(first.get("MALINHVUC") or ""), str(first.get("TENLINHVUC") or "")


class NationalPortal:
    """Tells of a step, so often as it is called: the same elements again are the same step."""

    def __init__(self, client: NationalClient, pool: Pool) -> None:
        self._client, self._is_erased = client, erasures(pool)
        self._fields: dict[str, tuple[str, str]] = {}
        self._there: dict[str, bool] = {}
        self._batches = Batches(self._send_progress, MOST_ELEMENTS)

    async def __call__(self, call: Call) -> Answer:
        """Return `done` once the dossier and its progress are there, else that it goes on."""
        request = NationalRequest.model_validate_json(call.request)
        try:
            dossier = await self._filled(call, request)
            await self._synchronise(call, dossier)
            refused = await self._batches.add(request.progress)
        except DatabaseAway:
            return Answer("again", "database_away", ours=True)
        except NotAllowed:
            return Answer("again", "address_not_allowed")
        except NotSent:
            return Answer("again", "not_connected")
        except NoAnswer:
            return Answer("unknown", "no_answer")
        except Refused as refusal:
            refused = refusal.code
        call.note("progress", refused or "done")
        if not refused:
            return Answer("done")
        log.warning("national_portal_refuses", reason=refused, dossier_id=str(call.dossier_id))
        return Answer("again", refused, at_work=not refused.startswith("http_5"))

    async def _filled(self, call: Call, request: NationalRequest) -> dict[str, Any]:
        """Return the element with its field, and without its person once the data are erased."""
        dossier = dict(request.dossier)
        try:
            erased = await self._is_erased(call.dossier_id)
        except TRANSIENT:
            raise DatabaseAway from None
        if erased:
            dossier |= dict.fromkeys(PERSONAL, "")
        code, name = await self._field(str(dossier["MaTTHC"]))
        return dossier | {"MaLinhVuc": code, "TenLinhVuc": name}

    async def _field(self, procedure: str) -> tuple[str, str]:
        """Return code and name of the procedure's field; remembered once the portal has one."""
        if procedure in self._fields:
            return self._fields[procedure]
        field = _field_of(await self._client.call("LayThuTuc", maTTHC=procedure))
        if field[0]:
            self._fields[procedure] = field
        return field

    async def _synchronise(self, call: Call, dossier: dict[str, Any]) -> None:
        code = dossier["MaHoSo"]
        # What this process brought there itself it does not ask for; refused, it asks again.
        known = self._there.pop(code, False) or await self._is_known(call, code)
        try:
            await self._put(dossier, updating=known)
        except Refused as refusal:
            if known or not refusal.is_there:
                raise
            # Someone was faster, perhaps we ourselves: the answer to the first try was lost.
            await self._put(dossier, updating=True)
        call.note("told", "updated" if known else "created")
        self._there[code] = True
        if len(self._there) > REMEMBERED:
            del self._there[next(iter(self._there))]

    async def _is_known(self, call: Call, code: str) -> bool:
        found = await self._client.call("TraCuuHoSo", mahoso=code)
        known = bool(found.get("data"))
        call.note("looked_up", "known" if known else "new")
        return known

    async def _put(self, dossier: dict[str, Any], *, updating: bool) -> None:
        answer = await self._client.call("DongBoHoSoMC", isUpdating=str(updating), data=[dossier])
        if refused := _refused_of(answer):
            raise Refused(next(iter(refused.values())))

    async def _send_progress(self, elements: list[dict[str, str]]) -> dict[str, str]:
        try:
            return _refused_of(await self._client.call("CapNhatTienDoHoSoMC", data=elements))
        except Refused as refusal:
            return {"": refusal.code}


class DatabaseAway(Exception):
    """Whether the data are erased cannot be known now."""


def _refused_of(answer: Mapping[str, Any]) -> dict[str, str]:
    """Return which dossiers of an answer were refused, with their codes; "" stands for all."""
    if str(answer.get("error_code", "")) in _OK:
        return {}
    rows = [one for one in answer.get("data", ()) if isinstance(one, dict)]
    refused = {
        str(one.get("MaHoSo", "")): f"code_{one.get('error_code')}"
        for one in rows
        if str(one.get("error_code", "")) not in _OK
    }
    return refused or {"": "code"}
