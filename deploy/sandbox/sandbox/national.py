"""The National Portal's own interface (`/dvcqg`): sessions, dossiers, and their progress.

What it was told is journaled without anything of a person, so that creations and elements of
progress can be counted, and those that came again.
"""

import hashlib
import secrets as randomness
from typing import Any

from aiohttp import web

from sandbox.answers import answer, compact_json, is_same, read_object
from sandbox.faults import Faults
from sandbox.journal import Entry, Journal

MOST_ELEMENTS = 10
_ELEMENT = ("MaHoSo", "NguoiXuLy", "ThoiDiemXuLy", "NoiDungXuLy", "TrangThai")
_DOSSIER = (
    *("MaHoSo", "MaTTHC", "TenTTHC", "MaLinhVuc", "TenLinhVuc", "KenhThucHien", "LoaiDoiTuong"),
    *("TrichYeuHoSo", "NgayTiepNhan", "TrangThaiHoSo", "HinhThuc", "DonViXuLy", "NgayNopHoSo"),
)
_EMPTY_ALLOWED = (
    *("SoGiayToChuHoSo", "MaDoiTuong", "Email", "Fax", "SoDienThoai", "NgayHenTra", "NoiNopHoSo"),
    *("TaiLieuNop", "DanhSachLePhi", "DanhSachHoSoBoSung", "DanhSachGiayToKetQua", "DinhDanhCHS"),
    *("DanhSachTepDinhKemKhac", "HoSoCoThanhPhanSoHoa", "TaiKhoanDuocXacThucVoiVNeID"),
    *("DuocThanhToanTrucTuyen", "DSKetNoiCSDL"),
)
_FIELD = {"MALINHVUC": "G15-HT", "TENLINHVUC": "Hộ tịch"}

Body = dict[str, Any]


class NationalInterface:
    """What the National Portal knows; changed only by journal entries."""

    def __init__(self, journal: Journal, username: str, password: str) -> None:
        self._journal, self._username, self._password = journal, username, password
        self._sessions: set[str] = set()
        self._statuses: dict[str, str] = {}
        self._progress: dict[str, set[str]] = {}

    def routes(self, faults: Faults) -> list[web.RouteDef]:
        """Return the routes of the interface, and one by which its sessions end."""
        return [
            web.post("/dvcqg/auth", faults.guard("national", self._auth, works=False)),
            web.post("/dvcqg/api", faults.guard("national", self._call)),
            web.delete("/dvcqg/sessions", self._end_sessions),
        ]

    def recall(self, entry: Entry) -> None:
        """Change the state by one journal entry, new or replayed."""
        match entry["kind"]:
            case "national.created" | "national.updated":
                self._statuses[entry["key"]] = entry["status"]
            case "national.progress":
                self._progress.setdefault(entry["key"], set()).add(entry["element"])

    async def _auth(self, request: web.Request) -> web.Response:
        body = await read_object(request)
        same_name = is_same(str(body.get("username", "")), self._username)
        if not (is_same(str(body.get("password", "")), self._password) and same_name):
            return answer({"error_code": "401", "message": "Sai tài khoản hoặc mật khẩu"})
        session = randomness.token_urlsafe(16)
        self._sessions.add(session)
        return answer({"session": session, "error_code": 0})

    async def _end_sessions(self, request: web.Request) -> web.Response:
        self._sessions.clear()
        return web.Response(status=204)

    async def _call(self, request: web.Request) -> web.Response:
        body = await read_object(request)
        if body.get("session") not in self._sessions:
            return answer({"error_code": "-2", "message": "Phiên làm việc không hợp lệ"})
        match body.get("service"):
            case "LayThuTuc":
                said: Body = {"error_code": "00", "LINHVUCTHUCHIEN": [_FIELD]}
            case "TraCuuHoSo":
                said = self._look_up(str(body.get("mahoso", "")))
            case "DongBoHoSoMC":
                said = self._synchronise(body)
            case "CapNhatTienDoHoSoMC":
                said = self._take_progress(body)
            case _:
                said = {"error_code": "-1", "message": "Dịch vụ không tồn tại"}
        await self._journal.durable()
        return answer(said)

    def _look_up(self, code: str) -> Body:
        known = self._statuses.get(code)
        rows = [] if known is None else [{"MaHoSo": code, "TrangThaiHoSo": known}]
        return {"error_code": "00", "data": rows}

    def _synchronise(self, body: Body) -> Body:
        rows = body.get("data")
        if not isinstance(rows, list) or len(rows) != 1 or not _is_dossier(rows[0]):
            return {"error_code": "1", "message": "Dữ liệu không hợp lệ"}
        row, updating = rows[0], body.get("isUpdating") == "True"
        code, status = str(row["MaHoSo"]), str(row["TrangThaiHoSo"])
        if updating and code not in self._statuses:
            return {"error_code": "2", "message": "Hồ sơ chưa có"}
        if not updating and code in self._statuses:
            self._record("national.create_refused", code, status=status)
            return {"error_code": "-3", "message": f"Hồ sơ {code} đã tồn tại"}
        kind = "national.updated" if updating else "national.created"
        self._record(kind, code, status=status, named=bool(row.get("ChuHoSo")))
        return {"error_code": "00", "message": "Thành công"}

    def _take_progress(self, body: Body) -> Body:
        rows = body.get("data")
        if not isinstance(rows, list) or not 1 <= len(rows) <= MOST_ELEMENTS:
            return {"error_code": "1", "message": f"Từ 1 đến {MOST_ELEMENTS} phần tử"}
        refused = [said for row in rows if (said := self._take(row, len(rows))) is not None]
        if not refused:
            return {"error_code": "00", "message": "Thành công"}
        return {"error_code": "5", "message": "Có phần tử không hợp lệ", "data": refused}

    def _take(self, row: Any, together: int) -> Body | None:
        """Take one element, or return why not; the others of its call go on."""
        code = str(row.get("MaHoSo", "")) if isinstance(row, dict) else ""
        if code not in self._statuses or not _has(row, _ELEMENT):
            return {"MaHoSo": code, "error_code": "2", "message": "Hồ sơ chưa có"}
        text = compact_json(row, sort_keys=True)
        element = hashlib.sha256(text.encode()).hexdigest()[:16]
        known = element in self._progress.get(code, ())
        kind = "national.progress_duplicate" if known else "national.progress"
        step = str(row["NoiDungXuLy"]).rpartition("(")[2].rstrip(")")
        facts = {"status": str(row["TrangThai"]), "step": step, "together": together}
        self._record(kind, code, element=element, at_portal=str(row["ThoiDiemXuLy"]), **facts)
        return None

    def _record(self, kind: str, key: str, **facts: object) -> None:
        self.recall(self._journal.append(kind, key, **facts))


def _is_dossier(row: Any) -> bool:
    return _has(row, _DOSSIER) and all(name in row for name in _EMPTY_ALLOWED)


def _has(row: Any, names: tuple[str, ...]) -> bool:
    return isinstance(row, dict) and all(isinstance(row.get(n), str) and row[n] for n in names)
