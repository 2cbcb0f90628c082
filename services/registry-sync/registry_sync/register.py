"""The only module that speaks the register's contract: push, ask, and what the answers mean."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Annotated, Any

import aiohttp
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from contracts.events import BookText
from contracts.model import VIETNAM
from contracts.particulars import Particulars
from plumbing.calls import Answer, Call
from registry_sync.eform import MODULE_OF_PROCEDURE, exchange_files, exchange_form
from registry_sync.registration import Outcome, RegisterEntry, RegisterSaid, round_of

#: What the register's texts mean; it has no codes we may rely on.
_TAKEN_BEFORE = ("đã được tiếp nhận", "đã tồn tại", "đã hoàn thành đăng ký", "đã trả kết quả")
_TRY_LATER = (
    "có lỗi trong quá trình",
    "client received soap fault",
    "server error",
    "chưa được gửi",
)
#: `trangThai` of a dossier the register has and does not wait for: 2 is asking for a supplement.
_TAKEN_UP = frozenset({"1", "3", "4", "6"})
_OUTCOMES: dict[str, Outcome] = {"2": "supplement", "4": "registered", "6": "refused"}
_MOMENT = "%d/%m/%Y %H:%M:%S"


class RegisterAway(Exception):
    """The register could not be asked; nothing is known that was not known before."""


class RegisterMisspoke(Exception):
    """The register answered something outside its contract."""


@dataclass(frozen=True)
class Results:
    """What a question brought: final words by dossier code, and what was outside the contract."""

    said: dict[str, RegisterSaid] = field(default_factory=dict)
    odd: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Register:
    """A client of the register's two services, on one HTTP session."""

    session: aiohttp.ClientSession
    url: str

    async def push(self, call: Call) -> Answer:
        """Tell the register of a dossier; when that may have happened before, ask it first.

        Of a procedure no part of the register is known for, nothing is told: that is a no.
        """
        request = json.loads(call.request)
        module = MODULE_OF_PROCEDURE.get(request["procedure_code"])
        if module is None:
            return Answer("no", "procedure_not_in_the_register")
        headers = {"Idempotency-Key": str(call.effect_id)}
        try:
            if call.in_doubt and await self.has_taken(call):
                return Answer("done", "known_to_the_register")
            body = push_body(request, module)
            async with self.session.post(f"{self.url}/NhanDKHT", json=body, headers=headers) as got:
                if got.status != 200:
                    refused = got.status in (401, 403, 404, 429)
                    return Answer("again" if refused else "unknown", f"http_{got.status}")
                return meaning(await got.json(content_type=None))
        except aiohttp.ClientConnectorError:
            return Answer("again", "register_unreachable")
        except (aiohttp.ClientError, RegisterAway, TimeoutError, ValueError) as error:
            return Answer("unknown", f"no_answer_{type(error).__name__}")

    async def has_taken(self, call: Call) -> bool:
        """Return whether the register has what this push tells; raises RegisterAway.

        Of a first push: whether it knows the dossier. Of a supplement, whether it has stopped
        waiting for one. If it waits still, it was not told, or it was and asks once more: told
        again, the same bytes are news to it or a duplicate. Neither registers twice: it has one
        entry per code, takes a supplement only while it waits, and numbers none it waits for.
        """
        request = json.loads(call.request)
        code, procedure_code = request["dossier_code"], request["procedure_code"]
        try:
            values = await self._ask([code], request["province_code"], procedure_code)
        except RegisterMisspoke as odd:
            raise RegisterAway(str(odd)) from None
        found = [str(one.get("trangThai")) for one in values if one.get("maHoSoMCDT") == code]
        return bool(found) if round_of(call.kind) == 1 else bool(_TAKEN_UP.intersection(found))

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


def _day(text: object) -> date:
    day, month, year = (int(part) for part in str(text).split("."))
    return date(year, month, day)


def push_body(request: dict[str, Any], module: str) -> dict[str, Any]:
    """Return the body of NhanDKHT for a stored request; the same for the same request."""
    particulars = Particulars.model_validate(request["particulars"])
    accepted_at = datetime.fromisoformat(request["accepted_at"]).astimezone(VIETNAM)
    form = exchange_form(particulars, request["unit_code"])
    return {
        "maDonVi": request["unit_code"],
        "module": module,
        "maHoSoLT": "",
        "maHoSoMCDT": request["dossier_code"],
        "ngayTiepNhan": accepted_at.strftime(_MOMENT),
        "data": json.dumps(form, ensure_ascii=False, sort_keys=True),
        "fileDinhKem": exchange_files(particulars),
    }


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
        return Answer("done", "taken_before")
    if any(phrase in text for phrase in _TRY_LATER):
        return Answer("unknown", "register_in_trouble")
    return Answer("no", "register_said_no")


class BookLine(BaseModel):
    """`ketQuaXuLy` of a registered dossier; what else it holds is of no use here."""

    model_config = ConfigDict(coerce_numbers_to_str=True, hide_input_in_errors=True)

    number: BookText = Field(alias="soDangKy")
    book: BookText = Field(alias="quyenSo")
    page: BookText | None = Field(alias="trangSo", default=None)
    registered_on: Annotated[date, BeforeValidator(_day)] = Field(alias="ngayDangKy")
    personal_number: Annotated[str, Field(pattern=r"^[0-9]{12}$")] | None = Field(
        alias="soDinhDanh", default=None
    )


def _word(value: dict[str, Any]) -> RegisterSaid | None:
    outcome = _OUTCOMES.get(str(value.get("trangThai")))
    if outcome is None or outcome != "registered":
        return None if outcome is None else RegisterSaid(outcome)
    line = value.get("ketQuaXuLy")
    if not isinstance(line, dict):
        raise RegisterMisspoke("no_book_line")
    try:
        entry = BookLine.model_validate({key: one for key, one in line.items() if one != ""})
    except ValidationError as error:
        fields = ",".join(sorted({str(item["loc"][0]) for item in error.errors()}))
        raise RegisterMisspoke(f"book_line: {fields}") from None
    return RegisterSaid("registered", RegisterEntry(**entry.model_dump()))
