"""The only module that speaks the register's contract: push, ask, and what the answers mean."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import aiohttp
import structlog

from plumbing.bodies import document, whole
from plumbing.calls import Answer, Call
from plumbing.logs import describe
from registry_sync.eform import MODULE_OF_PROCEDURE, NotForTheRegister
from registry_sync.meaning import EXISTS, KNOWN, NO_ACCESS, NOT_UNDERSTOOD, meaning, not_found
from registry_sync.pushing import has_no_form, push_body
from registry_sync.registration import is_from_before, round_of
from registry_sync.results import (
    HAS,
    TAKEN_UP,
    RegisterMisspoke,
    Results,
    moment_of,
    read_results,
    status_of,
)

log = structlog.get_logger()

KNOWN_THERE = "known_to_the_register"
#: A thousand results are half a megabyte; what is longer is not from the register.
_MOST_BYTES = 8 * 1024 * 1024


class RegisterAway(Exception):
    """The register could not be asked; nothing is known that was not known before."""

    @property
    def is_status(self) -> bool:
        """Whether it answered, by an HTTP status that is no success."""
        return str(self).startswith("http_")


@dataclass(frozen=True)
class Register:
    """A client of the register's two services, on one HTTP session."""

    session: aiohttp.ClientSession
    url: str

    async def push(self, call: Call) -> Answer:
        """Tell the register of a dossier; when that may have happened before, ask it first.

        What it must not be told is for a person: of a procedure it has no part for, or without a
        form, which might write over what it has. The fault is not the citizen's.
        """
        request = json.loads(call.request)
        if (never := _never(request)) is not None:
            return never
        try:
            if call.in_doubt and await self.has_taken(call):
                return Answer("done", KNOWN_THERE)
            return await self._tell_and_ask(call, _body(call, request))
        except aiohttp.ClientConnectorError:
            call.note("told", "unreachable")
            return Answer("again", "register_unreachable")
        except RegisterAway as away:
            return Answer("unknown", f"asked_{away}")
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            call.note("told", "unknown")
            return Answer("unknown", f"no_answer_{type(error).__name__}")

    async def _tell_and_ask(self, call: Call, body: dict[str, Any] | None) -> Answer:
        """Tell, and ask where the answer alone does not say whether the register has it."""
        if body is None:
            return Answer("never", "cannot_be_told", ours=True)
        answer = await self._tell(call, body)
        call.note("told", answer.reason)
        is_first = round_of(call.kind) == 1
        if answer.reason == NOT_UNDERSTOOD or (is_first and answer.reason == EXISTS):
            if await self.has_taken(call):
                return Answer("done", KNOWN_THERE, words=answer.words)
            return Answer("never", answer.reason, words=answer.words)
        if answer.reason in (KNOWN, EXISTS) and await self._waits_as_before(call):
            return Answer("unknown", "supplement_not_taken", words=answer.words)
        return answer

    async def _tell(self, call: Call, body: dict[str, Any]) -> Answer:
        headers = {"Idempotency-Key": str(call.effect_id)}
        # What it is told is personal: it goes nowhere but to the address of the register.
        async with self.session.post(
            f"{self.url}/NhanDKHT", json=body, headers=headers, allow_redirects=False
        ) as got:
            _alarm(got.status)
            told = await whole(got, _MOST_BYTES)
            return meaning(got.status, told.decode(errors="replace"))

    async def has_taken(self, call: Call) -> bool:
        """Return whether the register has what this push tells; raises RegisterAway.

        Of a first push: whether it knows the dossier. Of a supplement, whether it has stopped
        waiting for one. If it waits still, it was not told, or it was and asks once more: told
        again, the same bytes are news to it or a duplicate. Neither registers twice: it has one
        entry per code, takes a supplement only while it waits, and numbers none it waits for.
        """
        found = {status_of(one) for one in await self._states(call)} & HAS
        has_it = bool(found) if round_of(call.kind) == 1 else bool(TAKEN_UP & found)
        call.note("asked", "known" if has_it else "waits" if found else "absent")
        return has_it

    async def _waits_as_before(self, call: Call) -> bool:
        """Return whether a supplement just told is still asked for as it was before the push.

        "Taken before" may mean the first push, and the supplement was let fall.
        """
        pushed_at = json.loads(call.request).get("pushed_at")
        if round_of(call.kind) == 1 or pushed_at is None:
            return False
        told = datetime.fromisoformat(pushed_at)
        waits = any(
            status_of(one) == "2" and is_from_before(moment_of(one), told)
            for one in await self._states(call)
        )
        call.note("asked", "waits" if waits else "known")
        return waits

    async def _states(self, call: Call) -> list[dict[str, Any]]:
        """Return what the register says of the dossier, in whichever province it has it."""
        request = json.loads(call.request)
        code, province_code = request["dossier_code"], request["province_code"]
        values = []
        for asked in dict.fromkeys((request.get("told_province", province_code), province_code)):
            try:
                values += await self._ask([code], asked, request["procedure_code"])
            except (RegisterAway, RegisterMisspoke) as odd:
                call.note("asked", "unknown")
                raise RegisterAway(str(odd)) from None
        return [one for one in values if one.get("maHoSoMCDT") == code]

    async def results(
        self, codes: Sequence[str], province_code: str, procedure_code: str
    ) -> Results:
        """Return the final words of the register by dossier code; the undecided are absent.

        An answer about one dossier that is outside the contract is `odd` and harms no other.
        Raises RegisterAway, or RegisterMisspoke when the whole answer is outside the contract.
        """
        values = await self._ask(list(codes), province_code, procedure_code)
        return read_results(values)

    async def _ask(
        self, codes: list[str], province_code: str, procedure_code: str
    ) -> list[dict[str, Any]]:
        # A dossier taken over may be of any procedure: of an unknown one all parts are asked.
        module = MODULE_OF_PROCEDURE.get(procedure_code, "")
        body = {"maDinhDanhHoSo": codes, "maTinh": province_code, "module": module}
        try:
            async with self.session.post(
                f"{self.url}/LayKetQua", json=body, allow_redirects=False
            ) as response:
                _alarm(response.status)
                if response.status != 200:
                    raise RegisterAway(f"http_{response.status}")
                answered = await document(response, _MOST_BYTES)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise RegisterAway(type(error).__name__) from None
        if not isinstance(answered, dict):
            raise RegisterMisspoke("results_without_values")
        values = answered.get("value")
        if str(answered.get("status")) != "1":
            # Of several it does not say which it has not: those it has would look lost too.
            if len(codes) > 1 or not not_found(answered):
                raise RegisterMisspoke("results_did_not_succeed")
            return []
        if values is None and "value" in answered:
            return []
        if not isinstance(values, list) or not all(isinstance(one, dict) for one in values):
            raise RegisterMisspoke("results_without_values")
        return values


def _never(request: dict[str, Any]) -> Answer | None:
    if request["procedure_code"] not in MODULE_OF_PROCEDURE:
        return Answer("never", "procedure_not_in_the_register", ours=True)
    return Answer("never", "no_form_to_tell", ours=True) if has_no_form(request) else None


def _body(call: Call, request: dict[str, Any]) -> dict[str, Any] | None:
    try:
        return push_body(request)
    except (NotForTheRegister, ValueError) as error:
        # Stored by a release with other forms: no waiting mends it.
        log.error("push_not_made", dossier_id=str(call.dossier_id), error=describe(error))
        return None


def _alarm(status: int) -> None:
    # No waiting mends it: our password is wrong there, or the address.
    if status in NO_ACCESS:
        log.error("register_gives_no_access", reason=f"http_{status}")
