"""The old form's hand in the register: dossiers that were there before the one-stop came."""

from datetime import UTC, datetime
from typing import Any

from aiohttp import web

from sandbox.answers import answer, read_object, refused
from sandbox.journal import Journal
from sandbox.register import OUTCOMES, Register
from sandbox.register_dossier import CODE, MODULES, UNIT, Module


class PlayedDossiers:
    """Plants dossiers in process, as the old form would have; only a sandbox can do that."""

    def __init__(self, register: Register, journal: Journal) -> None:
        self._register = register
        self._journal = journal

    def routes(self) -> list[web.RouteDef]:
        """Return the control route; it needs no password."""
        return [web.put("/register/played/{code}", self._put)]

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
