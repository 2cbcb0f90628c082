"""Every answer of the desk that is a no, in the words officers read."""

from collections.abc import Sequence
from datetime import datetime

from contracts.model import VIETNAM
from contracts.portal import FieldProblem
from plumbing.serving import ProblemRaised
from routing.domain import TrailEntry
from routing.slips.wording import STEPS, officer_text

_NOT_FOUND, _WRONG = "Không tìm thấy", "Yêu cầu không hợp lệ"


def not_an_officer() -> ProblemRaised:
    """Return the refusal of a token that names no officer of a unit."""
    detail = "Mã truy cập không phải của cán bộ một cửa thuộc một đơn vị."
    return ProblemRaised(403, "not-an-officer", "Không có quyền", detail)


def no_such_dossier() -> ProblemRaised:
    """Return the problem of a dossier that is not the officer's unit's, or of none."""
    detail = "Đơn vị của cán bộ không có hồ sơ này."
    return ProblemRaised(404, "no-such-dossier", _NOT_FOUND, detail)


def no_such_paper() -> ProblemRaised:
    """Return the problem of a slip that was never issued, or has no form on that day."""
    return ProblemRaised(404, "no-such-paper", _NOT_FOUND, "Chưa có giấy tờ nào như vậy được cấp.")


def no_particulars(*, erased: bool) -> ProblemRaised:
    """Return the problem of personal data that are erased, or are not there."""
    detail = (
        "Dữ liệu cá nhân của hồ sơ đã được xóa."
        if erased
        else "Dữ liệu cá nhân của hồ sơ không còn được lưu, hoặc chưa đến."
    )
    return ProblemRaised(404, "no-particulars", "Không có dữ liệu cá nhân", detail)


def no_apology_prepared(why_not: str | None) -> ProblemRaised:
    """Return the problem of an apology that is not possible, or not called for."""
    detail = why_not or "Chưa gần đến ngày hẹn trả kết quả."
    return ProblemRaised(404, "no-apology-prepared", "Chưa có văn bản xin lỗi", detail)


def not_allowed(reason: str, allowed: Sequence[str]) -> ProblemRaised:
    """Return the legal no to an act, with the acts that are possible instead."""
    return ProblemRaised(409, "act-not-allowed", "Chưa được phép", reason, allowed=tuple(allowed))


def wrong_arguments(reason: str, errors: tuple[FieldProblem, ...]) -> ProblemRaised:
    """Return the problem of an act that would be allowed, but not with these arguments."""
    return ProblemRaised(422, "invalid-request", _WRONG, reason, errors=errors)


def wrong_place() -> ProblemRaised:
    """Return the problem of a place on a list that is none of ours."""
    return _one_wrong("after", "no_place", "Không phải vị trí của danh sách; lấy từ tiêu đề Link.")


def wrong_revision() -> ProblemRaised:
    """Return the problem of a condition that names no revision."""
    detail = 'Ghi phiên bản như trong ETag, ví dụ "3", hoặc *.'
    return _one_wrong("If-Match", "no_revision", detail)


def changed_since(current: int, entries: Sequence[TrailEntry]) -> ProblemRaised:
    """Return the problem of an act on a dossier that is not what the officer saw.

    It names the revision of now, and what happened since the one the officer knows.
    """
    what = "; ".join(_sentence(entry) for entry in entries)
    detail = f"Từ khi cán bộ xem, hồ sơ đã có thay đổi: {what}." if what else ""
    return ProblemRaised(
        412,
        "dossier-changed",
        "Hồ sơ đã thay đổi",
        f"{detail or 'Không có phiên bản đã nêu.'} Thao tác chưa được thực hiện; xem lại hồ sơ.",
        {"etag": f'"{current}"'},
        revision=current,
        changes=[
            {"event": one.event, "at": _written(one.at), "actor": one.actor} for one in entries
        ],
    )


def _sentence(entry: TrailEntry) -> str:
    who = officer_text(entry.actor)
    at = f"{entry.at.astimezone(VIETNAM):%H:%M %d/%m/%Y}"
    return f"{STEPS[entry.event].name} ({at}{f', {who}' if who else ''})"


def _written(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")


def _one_wrong(field: str, rule: str, detail: str) -> ProblemRaised:
    wrong = {"field": field, "rule": rule, "detail": detail, "source": "OpenAPI"}
    return ProblemRaised(
        422, "invalid-request", _WRONG, "Xem từng lỗi trong errors.", errors=(wrong,)
    )
