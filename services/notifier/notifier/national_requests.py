"""What the National Portal's own interface is told of each step, beside the callback."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from contracts.decision import Answered, Context, Decision, Effect, InDoubt
from contracts.model import VIETNAM, Contract, PortalId, local_day
from notifier.correspondence import Correspondence, News
from notifier.requests import appointment_of, status_of
from reference import Reference

NATIONAL = "national"
#: The first part of the kind of such a call, whose answer nothing follows from.
SYNC = "sync"
#: One call takes so many elements of progress (practice of the adapters in use).
MOST_ELEMENTS = 10
#: Of what the interface wants, personal fields the notifier fills while it has them.
PERSONAL = ("ChuHoSo", "Email", "SoDienThoai")

_MOMENT = "%Y%m%d%H%M%S"
_ONLINE, _CITIZEN, _IN_PERSON, _NOT_SAID = "2", "1", "0", "2"
_WORDS: Mapping[str, str] = {
    "submitted": "Tiếp nhận hồ sơ trực tuyến",
    "resubmitted": "Tiếp nhận phần bổ sung",
    "forwarded": "Chuyển cơ quan có thẩm quyền",
    "accepted": "Tiếp nhận, giải quyết hồ sơ",
    "returned": "Trả lại hồ sơ",
    "rescheduled": "Hẹn lại ngày trả kết quả",
    "stopped": "Dừng xử lý",
    "resumed": "Tiếp tục xử lý",
    "withdrawn": "Công dân rút hồ sơ",
    "registered": "Đã đăng ký",
    "handed_over": "Đã trả kết quả",
    "personal_id_assigned": "Đã có số định danh cá nhân",
    "registration_corrected": "Sửa thông tin đăng ký",
}


class NationalRequest(Contract):
    """A dossier as it stands at a step (an element of DongBoHoSoMC) and its progress to there.

    `progress` are elements of CapNhatTienDoHoSoMC, one for each status passed, in order.
    """

    portal: PortalId
    dossier: dict[str, Any]
    progress: tuple[dict[str, str], ...]


def moment(at: datetime | None) -> str:
    """Return the instant as `yyyyMMddHHmmss` in Vietnam's time; "" for none."""
    return at.astimezone(VIETNAM).strftime(_MOMENT) if at else ""


def to_national(told: Correspondence, news: News, reference: Reference) -> Effect:
    """Return the call that tells the National Portal of one step."""
    request = NationalRequest(
        portal=told.portal,
        dossier=_dossier(told, news, reference),
        progress=_progress(told, news, reference),
    )
    body = request.model_dump_json().encode()
    return Effect(f"{SYNC}:{news.key}", NATIONAL, body, turn=told.portal)


def _dossier(told: Correspondence, news: News, reference: Reference) -> dict[str, Any]:
    submitted_at = told.news[0].occurred_at
    accepted = [one for one in told.news if one.step == "accepted"]
    due = next(filter(None, map(appointment_of, reversed(told.news))), None)
    procedure = reference.procedure(told.procedure_code, local_day(submitted_at))
    name = procedure.name_vi if procedure else told.procedure_code
    contact = told.contact
    ended = news.step in ("registered", "handed_over")
    return {
        "MaHoSo": told.dossier_code,
        "MaTTHC": told.procedure_code,
        "TenTTHC": name,
        "KenhThucHien": _ONLINE,
        "SoGiayToChuHoSo": "",
        "ChuHoSo": contact.full_name if contact else "",
        "LoaiDoiTuong": _CITIZEN,
        "MaDoiTuong": "",
        "Email": (contact.email if contact else None) or "",
        "Fax": "",
        "SoDienThoai": (contact.phone if contact else None) or "",
        "TrichYeuHoSo": name,
        "NgayNopHoSo": moment(submitted_at),
        "NgayTiepNhan": moment(accepted[0].occurred_at if accepted else submitted_at),
        "NgayHenTra": moment(due),
        "NgayKetThucXuLy": moment(news.occurred_at) if ended else "",
        "NgayTra": moment(news.occurred_at) if news.step == "handed_over" else "",
        "NgayTuChoi": moment(news.occurred_at) if status_of(news) == 3 else "",
        "TrangThaiHoSo": str(status_of(news)),
        "HinhThuc": _IN_PERSON,
        "DonViXuLy": _unit(told, news, reference),
        "NoiNopHoSo": "1",
        "HoSoCoThanhPhanSoHoa": "0",
        "TaiKhoanDuocXacThucVoiVNeID": "0",
        "DuocThanhToanTrucTuyen": _NOT_SAID,
        "TaiLieuNop": [],
        "DanhSachLePhi": [],
        "DanhSachTepDinhKemKhac": [],
        "DanhSachHoSoBoSung": [],
        "DanhSachGiayToKetQua": [],
        "DinhDanhCHS": [],
        "DSKetNoiCSDL": [],
    }


def _progress(told: Correspondence, news: News, reference: Reference) -> tuple[dict[str, str], ...]:
    usual = {
        "MaHoSo": told.dossier_code,
        "NguoiXuLy": _unit(told, news, reference)[:50],
        "ThoiDiemXuLy": moment(news.occurred_at),
        "NoiDungXuLy": f"{_WORDS[news.step]} ({news.key})",
        "NgayKetThucTheoQuyDinh": moment(appointment_of(news)),
    }
    return tuple(usual | {"TrangThai": str(one)} for one in news.passed or (status_of(news),))


def _unit(told: Correspondence, news: News, reference: Reference) -> str:
    forwarded = [one.unit_code for one in told.news if one.unit_code]
    code = forwarded[-1] if forwarded else told.unit_code
    unit = reference.unit(code, local_day(news.occurred_at))
    return f"Ủy ban nhân dân {unit.name}" if unit else code


Rule = Callable[[Any, Any, Any], Any]


def synchronised(rules: Mapping[type, Rule], portals: Collection[str]) -> dict[type, Rule]:
    """Return the rules with a call to the National Portal's interface for every step told there.

    The calls of a dossier follow one another in their lane, whatever becomes of its callbacks;
    what they are answered changes nothing else.
    """
    if not portals:
        return dict(rules)
    return {kind: _with_calls(rule, frozenset(portals)) for kind, rule in rules.items()}


def _with_calls(rule: Rule, portals: frozenset[str]) -> Rule:
    def decide(message: Any, state: Correspondence, context: Context) -> Any:
        if isinstance(message, Answered | InDoubt) and message.kind.startswith(f"{SYNC}:"):
            return Decision(state)
        decision = rule(message, state, context)
        if not isinstance(decision, Decision) or decision.state.portal not in portals:
            return decision
        told = decision.state
        if not told.procedure_code:
            # Heard of by an earlier release: it cannot be created there without its procedure.
            return decision
        calls = [
            # Of several steps at once each is told as the dossier stood then.
            to_national(replace(told, news=told.news[:number]), news, context.reference)
            for number, news in enumerate(told.news, 1)
            if number > len(state.news) and news.portal != "silent"
        ]
        return replace(decision, effects=(*decision.effects, *calls)) if calls else decision

    return decide
