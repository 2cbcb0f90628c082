"""Hands in the register that are not ours: the old form's, a clerk's, and the hand of fate."""

import re
from datetime import UTC, date, datetime
from typing import Any

from aiohttp import web

from sandbox.answers import answer, read_object, refused
from sandbox.journal import Journal
from sandbox.register import OUTCOMES, Register
from sandbox.register_dossier import CODE, MODULES, UNIT, Module, RegisterDossier, Status

_PARTS = {"number": "soDangKy", "book": "quyenSo", "page": "trangSo", "unit": "noiDangKy"}
_PART = re.compile(r"[0-9A-Za-zĐ./-]{1,40}")


class PlayedDossiers:
    """Plants dossiers as the old form would have, corrects entries as a clerk does, loses them.

    Only a sandbox can do that.
    """

    def __init__(self, register: Register, journal: Journal) -> None:
        self._register = register
        self._journal = journal

    def routes(self) -> list[web.RouteDef]:
        """Return the control routes; they need no password."""
        return [
            web.put("/register/played/{code}", self._put),
            web.put("/register/corrections/{code}", self._correct),
            web.put("/register/losses/{code}", self._lose),
        ]

    async def _put(self, request: web.Request) -> web.Response:
        code = request.match_info["code"]
        unit, module, outcome = _read_played(code, await read_object(request))
        now = datetime.now(UTC)
        is_new = self._register.find(code) is None
        if is_new:
            self._register.plant(code, unit, module, outcome, now)
        elif not self._register.is_planted(code, unit, module, outcome):
            raise refused(409, "Known", "the register has another dossier of this code")
        await self._journal.durable()
        planted = {"code": code, "unit": unit, "module": module.value, "outcome": outcome}
        return answer(planted, status=201 if is_new else 200)

    async def _correct(self, request: web.Request) -> web.Response:
        code = request.match_info["code"]
        correction = _read_correction(await read_object(request))
        dossier = self._known(code)
        if dossier.status(datetime.now(UTC)) is not Status.REGISTERED:
            raise refused(409, "Not registered", "only an entry can be corrected")
        # The same again changes nothing, and stands once in the journal.
        if dossier.correction | correction != dossier.correction:
            self._register.correct(code, correction)
        await self._journal.durable()
        return answer(dossier.correction)

    async def _lose(self, request: web.Request) -> web.Response:
        code = request.match_info["code"]
        self._known(code)
        self._register.lose(code)
        await self._journal.durable()
        return web.Response(status=204)

    def _known(self, code: str) -> RegisterDossier:
        self._register.decide_due(datetime.now(UTC))
        dossier = self._register.find(code)
        if dossier is None:
            raise refused(404, "Unknown", "the register has no dossier of this code")
        return dossier


def _read_correction(body: dict[str, Any]) -> dict[str, str]:
    correction, wrong = {}, {}
    for part, value in body.items():
        if part == "registered_on" and (day := _day(value)) is not None:
            correction["ngayDangKy"] = day.strftime("%d.%m.%Y")
        elif part in _PARTS and isinstance(value, str) and _PART.fullmatch(value):
            correction[_PARTS[part]] = value
        else:
            wrong[part] = f"one of {', '.join(_PARTS)}, a text; registered_on as yyyy-mm-dd"
    if wrong or not correction:
        raise refused(422, "Not a correction", "see errors", **wrong)
    return correction


def _day(value: object) -> date | None:
    try:
        return date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        return None


def _read_played(code: str, body: dict[str, Any]) -> tuple[str, Module, str]:
    unit, module, outcome = body.get("unit"), body.get("module"), body.get("outcome")
    wrong: dict[str, str] = {}
    if not CODE.fullmatch(code):
        wrong["code"] = "2-60 of A-Z 0-9 . -"
    if not isinstance(unit, str) or not UNIT.fullmatch(unit):
        wrong["unit"] = "five digits"
    if module not in MODULES:
        wrong["module"] = f"one of {', '.join(MODULES)}"
    if outcome not in OUTCOMES:
        wrong["outcome"] = f"one of {', '.join(OUTCOMES)}"
    if wrong:
        raise refused(422, "Not a dossier", "see errors", **wrong)
    return str(unit), Module(module), str(outcome)
