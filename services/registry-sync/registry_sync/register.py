"""The only module that speaks the register's contract: push, ask, and what the answers mean."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import aiohttp
from pydantic import ValidationError

from contracts.model import VIETNAM
from plumbing.calls import Answer, Call
from registry_sync.book import BookLine
from registry_sync.eform import MODULE_OF_PROCEDURE
from registry_sync.pushing import MOMENT, has_no_form, push_body
from registry_sync.registration import (
    Outcome,
    RegisterEntry,
    RegisterSaid,
    is_from_before,
    round_of,
)

#: What the register's texts mean; it has no codes we may rely on.
_TAKEN_BEFORE = ("đã được tiếp nhận", "đã tồn tại", "đã hoàn thành đăng ký", "đã trả kết quả")
_KNOWN = "taken_before"
_TRY_LATER = (
    "có lỗi trong quá trình",
    "client received soap fault",
    "server error",
    "chưa được gửi",
)
#: `trangThai` of a dossier the register has and does not wait for: 2 is asking for a supplement.
_TAKEN_UP = frozenset({"1", "3", "4", "6"})
_OUTCOMES: dict[str, Outcome] = {"2": "supplement", "4": "registered", "6": "refused"}


class RegisterAway(Exception):
    """The register could not be asked; nothing is known that was not known before."""


class RegisterMisspoke(Exception):
    """The register answered something outside its contract."""


@dataclass(frozen=True)
class Results:
    """What a question brought: final words by dossier code, and what was outside the contract.

    `known` are the codes the register has, decided or not.
    """

    said: dict[str, RegisterSaid] = field(default_factory=dict)
    odd: dict[str, str] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)


@dataclass(frozen=True)
class Register:
    """A client of the register's two services, on one HTTP session."""

    session: aiohttp.ClientSession
    url: str

    async def push(self, call: Call) -> Answer:
        """Tell the register of a dossier; when that may have happened before, ask it first.

        Of a procedure no part of the register is known for, nothing is told: that is a no. A
        dossier without a form waits for a person: an empty one might write over what the register
        has, and the fault is not the citizen's.
        """
        request = json.loads(call.request)
        if (never := _never(request)) is not None:
            return never
        try:
            if call.in_doubt and await self.has_taken(call):
                return Answer("done", "known_to_the_register")
            answer = await self._tell(call, push_body(request))
            if answer.reason == _KNOWN and await self._waits_as_before(call):
                return Answer("unknown", "supplement_not_taken")
        except aiohttp.ClientConnectorError:
            return Answer("again", "register_unreachable")
        except (aiohttp.ClientError, RegisterAway, TimeoutError, ValueError) as error:
            return Answer("unknown", f"no_answer_{type(error).__name__}")
        return answer

    async def _tell(self, call: Call, body: dict[str, Any]) -> Answer:
        headers = {"Idempotency-Key": str(call.effect_id)}
        async with self.session.post(f"{self.url}/NhanDKHT", json=body, headers=headers) as got:
            if got.status != 200:
                refused = got.status in (401, 403, 404, 429)
                return Answer("again" if refused else "unknown", f"http_{got.status}")
            return meaning(await got.json(content_type=None))

    async def has_taken(self, call: Call) -> bool:
        """Return whether the register has what this push tells; raises RegisterAway.

        Of a first push: whether it knows the dossier. Of a supplement, whether it has stopped
        waiting for one. If it waits still, it was not told, or it was and asks once more: told
        again, the same bytes are news to it or a duplicate. Neither registers twice: it has one
        entry per code, takes a supplement only while it waits, and numbers none it waits for.
        """
        found = {str(one.get("trangThai")) for one in await self._states(call)}
        return bool(found) if round_of(call.kind) == 1 else bool(_TAKEN_UP & found)

    async def _waits_as_before(self, call: Call) -> bool:
        """Return whether a supplement just told is still asked for as it was before the push.

        "Taken before" may mean the first push, and the supplement was let fall.
        """
        pushed_at = json.loads(call.request).get("pushed_at")
        if round_of(call.kind) == 1 or pushed_at is None:
            return False
        told = datetime.fromisoformat(pushed_at)
        return any(
            str(one.get("trangThai")) == "2" and is_from_before(_moment(one), told)
            for one in await self._states(call)
        )

    async def _states(self, call: Call) -> list[dict[str, Any]]:
        """Return what the register says of the dossier, in whichever province it has it."""
        request = json.loads(call.request)
        code, province_code = request["dossier_code"], request["province_code"]
        values = []
        for asked in dict.fromkeys((request.get("told_province", province_code), province_code)):
            try:
                values += await self._ask([code], asked, request["procedure_code"])
            except RegisterMisspoke as odd:
                raise RegisterAway(str(odd)) from None
        return [one for one in values if one.get("maHoSoMCDT") == code]

    async def results(
        self, codes: Sequence[str], province_code: str, procedure_code: str
    ) -> Results:
        """Return the final words of the register by dossier code; the undecided are absent.

        An answer about one dossier that is outside the contract is `odd` and harms no other.
        Raises RegisterAway, or RegisterMisspoke when the whole answer is outside the contract.
        """
        found = Results()
        for value in await self._ask(list(codes), province_code, procedure_code):
            code = value.get("maHoSoMCDT")
            if not isinstance(code, str):
                found.odd[""] = "no_dossier_code"
                continue
            found.known.add(code)
            try:
                word = _word(value)
            except RegisterMisspoke as odd:
                found.odd[code] = str(odd)
            else:
                if word is not None:
                    found.said[code] = word
        return found

    async def _ask(
        self, codes: list[str], province_code: str, procedure_code: str
    ) -> list[dict[str, Any]]:
        # A dossier taken over may be of any procedure: of an unknown one all parts are asked.
        module = MODULE_OF_PROCEDURE.get(procedure_code, "")
        body = {"maDinhDanhHoSo": codes, "maTinh": province_code, "module": module}
        try:
            async with self.session.post(f"{self.url}/LayKetQua", json=body) as response:
                if response.status != 200:
                    raise RegisterAway(f"http_{response.status}")
                document = await response.json(content_type=None)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise RegisterAway(type(error).__name__) from None
        if not isinstance(document, dict) or str(document.get("status")) != "1":
            raise RegisterMisspoke("LayKetQua did not succeed")
        values = document.get("value")
        if not isinstance(values, list) or not all(isinstance(one, dict) for one in values):
            raise RegisterMisspoke("LayKetQua has no list of values")
        return values


def _never(request: dict[str, Any]) -> Answer | None:
    if request["procedure_code"] not in MODULE_OF_PROCEDURE:
        return Answer("no", "procedure_not_in_the_register")
    return Answer("stuck", "no_form_to_tell") if has_no_form(request) else None


def _moment(value: dict[str, Any]) -> datetime | None:
    try:
        said = str(value.get("thoiGianThucHien"))
        return datetime.strptime(said, MOMENT).replace(tzinfo=VIETNAM)
    except ValueError:
        return None


def meaning(document: Any) -> Answer:
    """Return what an answer to NhanDKHT means; a duplicate is a success, a fault is no answer.

    A no is final even after an attempt without an answer: it was the same dossier, and had the
    register taken it then, it would have said so now.

    Source: the classification of the one-stop's register client (final, again, never).
    """
    if not isinstance(document, dict):
        return Answer("unknown", "not_the_contract")
    if str(document.get("status")) == "1":
        return Answer("done", "taken")
    text = f"{document.get('errorDescription', '')} {document.get('statusDescription', '')}".lower()
    if any(phrase in text for phrase in _TAKEN_BEFORE):
        return Answer("done", _KNOWN)
    if any(phrase in text for phrase in _TRY_LATER):
        return Answer("unknown", "register_in_trouble")
    return Answer("no", "register_said_no")


def _word(value: dict[str, Any]) -> RegisterSaid | None:
    outcome = _OUTCOMES.get(str(value.get("trangThai")))
    if outcome is None or outcome != "registered":
        return None if outcome is None else RegisterSaid(outcome, at=_moment(value))
    line = value.get("ketQuaXuLy")
    if not isinstance(line, dict):
        raise RegisterMisspoke("no_book_line")
    try:
        entry = BookLine.model_validate({key: one for key, one in line.items() if one != ""})
    except ValidationError as error:
        fields = ",".join(sorted({str(item["loc"][0]) for item in error.errors()}))
        raise RegisterMisspoke(f"book_line: {fields}") from None
    return RegisterSaid("registered", RegisterEntry(**entry.model_dump()), at=_moment(value))
