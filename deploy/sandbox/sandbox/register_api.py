"""The register's HTTP contract: NhanDKHT takes a dossier, LayKetQua tells what became of it."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from aiohttp import web

from sandbox.answers import Refused, answer, compact_json, is_same, read_basic, read_object
from sandbox.clock import VIETNAM, Clock
from sandbox.faults import Faults, hang_up
from sandbox.journal import Journal
from sandbox.register import Register
from sandbox.register_dossier import (
    CODE,
    MODULES,
    UNIT,
    Module,
    Push,
    RegisterDossier,
    Status,
)
from sandbox.settings import Secrets

MOST_CODES = 1_000

_MOMENT = "%d/%m/%Y %H:%M:%S"
_NOTES = {
    Status.RECEIVED: "Đã nhận, chờ tiếp nhận",
    Status.SUPPLEMENT: "Đề nghị bổ sung, hoàn thiện giấy tờ trong hồ sơ",
    Status.ACCEPTED: "Đã tiếp nhận, đang xử lý",
    Status.REGISTERED: "Đã hoàn thành đăng ký",
    Status.REFUSED: "Không đủ điều kiện đăng ký theo quy định",
}


class RegisterApi:
    """Speaks for the register to the one-stop systems that know its password."""

    def __init__(
        self,
        register: Register,
        journal: Journal,
        secrets: Secrets,
        clock: Clock,
        note_of: Callable[[str], str] = lambda code: "",
    ) -> None:
        """`note_of` is read beside the form's own note, by the dossier's code."""
        self._register = register
        self._journal = journal
        self._secrets = secrets
        self._clock = clock
        self._note_of = note_of

    def routes(self, faults: Faults) -> list[web.RouteDef]:
        """Return the two routes of the contract."""
        return [
            web.post("/register/NhanDKHT", faults.guard("register.push", self._push)),
            web.post("/register/LayKetQua", faults.guard("register.results", self._results)),
        ]

    async def _push(self, request: web.Request) -> web.Response:
        self._check_password(request)
        push = _read_push(await read_object(request))
        push = replace(push, note=f"{push.note} {self._note_of(push.code)}")
        now = datetime.now(UTC)
        kind = self._register.take(push, now)
        await self._journal.durable()
        if (dossier := self._register.find(push.code)) is not None and dossier.is_silent(now):
            return hang_up(request)
        if kind == "register.push_duplicate":
            return answer(_no("TRUNG_HO_SO", f"Hồ sơ {push.code} đã được tiếp nhận"))
        if kind == "register.push_rejected":
            return answer(_no("TU_CHOI", f"Hồ sơ {push.code} bị từ chối: sai thẩm quyền"))
        if kind == "register.push_faulty":
            return answer(_no("", "Logic xử lý không hợp lệ"))
        return answer(
            {
                "status": "1",
                "statusDescription": "Tiếp nhận thành công",
                "errorCode": "",
                "errorDescription": "",
            }
        )

    async def _results(self, request: web.Request) -> web.Response:
        self._check_password(request)
        codes, province = _read_question(await read_object(request))
        now = datetime.now(UTC)
        self._register.decide_due(now)
        known = [found for code in codes if (found := self._register.find(code))]
        told = [dossier for dossier in known if not dossier.is_silent(now)]
        if known and not told:
            return hang_up(request)
        value = [_result(dossier, province, now, self._clock) for dossier in told]
        # What is told must survive: a number told before a crash may not be given again after.
        await self._journal.durable()
        return answer({"status": 1, "statusDescription": "Thành công", "value": value})

    def _check_password(self, request: web.Request) -> None:
        user, password = read_basic(request) or ("", "")
        right_user = is_same(user, self._secrets.register_username)
        if not (is_same(password, self._secrets.register_password) and right_user):
            response = answer(_no("XAC_THUC", "Sai tài khoản hoặc mật khẩu"), status=401)
            response.headers["WWW-Authenticate"] = 'Basic realm="register"'
            raise Refused(response)


def _read_push(body: dict[str, Any]) -> Push:
    code, unit, module = body.get("maHoSoMCDT"), body.get("maDonVi"), body.get("module")
    if not isinstance(code, str) or not CODE.fullmatch(code):
        raise _malformed("maHoSoMCDT: mã hồ sơ 2-60 ký tự A-Z 0-9 . -")
    if not isinstance(unit, str) or not UNIT.fullmatch(unit):
        raise _malformed("maDonVi: mã xã 5 chữ số hoặc mã huyện 3 chữ số")
    if module not in MODULES:
        raise _malformed(f"module: một trong {', '.join(MODULES)}")
    if not _is_moment(body.get("ngayTiepNhan")):
        raise _malformed("ngayTiepNhan: dd/MM/yyyy HH:mm:ss")
    files = body.get("fileDinhKem", [])
    if not isinstance(files, list) or not all(isinstance(file, dict) for file in files):
        raise _malformed("fileDinhKem: danh sách đối tượng")
    form = _read_form(body.get("data"))
    note = form.get("ghiChu")
    return Push(
        code=code,
        unit=unit,
        module=Module(module),
        note=note if isinstance(note, str) else "",
        payload=compact_json([form, files], sort_keys=True).encode(),
    )


def _read_form(text: object) -> dict[str, Any]:
    try:
        form = json.loads(text) if isinstance(text, str) else None
    except ValueError:
        form = None
    if not isinstance(form, dict):
        raise _malformed("data: chuỗi JSON của biểu mẫu điện tử")
    return form


def _read_question(body: dict[str, Any]) -> tuple[list[str], str]:
    codes, province, module = body.get("maDinhDanhHoSo"), body.get("maTinh"), body.get("module")
    if not isinstance(codes, list) or not all(isinstance(code, str) for code in codes):
        raise _malformed("maDinhDanhHoSo: danh sách mã hồ sơ")
    if len(codes) > MOST_CODES:
        raise _malformed(f"maDinhDanhHoSo: tối đa {MOST_CODES} mã")
    if module and module not in MODULES:
        raise _malformed(f"module: một trong {', '.join(MODULES)}")
    return codes, province if isinstance(province, str) else ""


def _is_moment(text: object) -> bool:
    try:
        datetime.strptime(text if isinstance(text, str) else "", _MOMENT).replace(tzinfo=VIETNAM)
    except ValueError:
        return False
    return True


def _result(dossier: RegisterDossier, province: str, now: datetime, clock: Clock) -> dict[str, Any]:
    status = dossier.status(now)
    changed_at = (dossier.verdict.dated if dossier.verdict else clock.shown(now)).astimezone(
        VIETNAM
    )
    due = (changed_at + timedelta(days=7)).replace(hour=17, minute=0, second=0)
    return {
        "maDonVi": dossier.unit,
        "maTinh": province,
        "module": dossier.module.value,
        "maHoSoLT": "",
        "maHoSoMCDT": dossier.code,
        "errors": "",
        "trangThai": status.value,
        "thoiGianThucHien": changed_at.strftime(_MOMENT),
        "ghiChu": "",
        "ketQuaXuLy": _book_line(dossier, now),
        "nguoiXuLy": "Công chức mô phỏng",
        "chucDanh": "Công chức tư pháp - hộ tịch",
        "phongBanXuLy": "Tư pháp - hộ tịch",
        "noiDungXuLy": _NOTES[status],
        "hanBoSungHoSo": due.strftime(_MOMENT) if status is Status.SUPPLEMENT else "",
    }


def _book_line(dossier: RegisterDossier, now: datetime) -> dict[str, str]:
    verdict = dossier.verdict
    if verdict is None or verdict.number is None:
        return {}
    line = {
        "soDangKy": str(verdict.number),
        "quyenSo": str(verdict.book),
        "trangSo": str(verdict.page),
        "ngayDangKy": verdict.dated.astimezone(VIETNAM).strftime("%d.%m.%Y"),
        "noiDangKy": dossier.unit,
        "nguoiKy": "Chủ tịch mô phỏng",
    }
    personal_number = dossier.personal_number(now)
    if personal_number is not None:
        line["soDinhDanh"] = personal_number
    return line | dossier.correction


def _no(code: str, description: str) -> dict[str, str]:
    return {
        "status": "0",
        "statusDescription": "Không thành công",
        "errorCode": code,
        "errorDescription": description,
    }


def _malformed(description: str) -> Refused:
    return Refused(answer(_no("DU_LIEU", description), status=400))
