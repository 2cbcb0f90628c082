"""What a report of a comparison says in Vietnamese for the codes of differences."""

import re
from datetime import date

from contracts.reconciliation import Difference, DifferenceKind, Repair
from reference import Reference

REGISTER = "register"
OURS = "Hệ thống một cửa"
_KINDS_REGISTER: dict[DifferenceKind, str] = {
    "missing_here": "Phần mềm hộ tịch có, Hệ thống một cửa chưa ghi nhận đã gửi",
    "missing_there": "Hệ thống một cửa có, Phần mềm hộ tịch không có",
    "different_status": "Trạng thái khác nhau",
    "different_number": "Số liệu đăng ký khác nhau",
}
_KINDS_PORTAL: dict[DifferenceKind, str] = {
    "missing_here": "Cổng dịch vụ công có, Hệ thống một cửa chưa nhận",
    "missing_there": "Hệ thống một cửa có, Cổng dịch vụ công không có",
    "different_status": "Trạng thái khác nhau",
    "different_number": "Mã hồ sơ khác nhau",
}
#: What either side says; an entry in the book is told in words of its own.
STATES = {
    "accepted": "đã tiếp nhận, chưa gửi",
    "pushing": "đã gửi, chưa nhận được trả lời",
    "awaiting_answer": "đã gửi, chưa nhận được trả lời",
    "pushed": "đã gửi, chờ kết quả",
    "registered": "đã đăng ký",
    "no_entry": "chưa lưu số đăng ký",
    "not_opened": "dữ liệu không mở được",
    "returned": "đã yêu cầu bổ sung",
    "refused_meanwhile": "đã bị từ chối",
    "refused_there": "đã từ chối theo kết quả của Phần mềm hộ tịch",
    "ended": "đã kết thúc tại bộ phận một cửa",
    "unknown": "không có hồ sơ",
    "none": "chưa có trạng thái",
    "sent": "đã gửi, chưa có mã hồ sơ",
    "unreadable": "trả lời không đọc được",
    "processing": "đang xử lý",
    "supplement": "yêu cầu bổ sung",
    "refused": "từ chối",
    "no_personal_number": "chưa có số định danh cá nhân",
    "personal_number": "có số định danh cá nhân",
    "other_personal_number": "có số định danh cá nhân khác",
}
#: Number, book, page if there is one, day and unit of an entry.
_ENTRY = re.compile(r"([^,]+), ([^,]+)(?:, ([^,]+))?, (\d{4}-\d{2}-\d{2}), (\d*)")
_REPAIRED: dict[Repair, str] = {
    "": "Không còn sai lệch khi đối soát lại",
    "taken_from_the_register": "Đã lấy kết quả của cơ quan đăng ký và cập nhật hồ sơ",
    "told_again": "Đã gửi lại hồ sơ, Phần mềm hộ tịch đã nhận",
    "corrected": "Đã cập nhật theo nội dung đã sửa trong Sổ hộ tịch",
    "portal_told_again": "Đã báo lại trạng thái cho cổng dịch vụ công",
}
_UNDER_WAY: dict[Repair, str] = {
    "told_again": "Đã gửi lại hồ sơ; lần đối soát sau sẽ xác nhận",
    "portal_told_again": "Đã báo lại cho cổng dịch vụ công; lần đối soát sau sẽ xác nhận",
}
_LOOK = "Đối chiếu hồ sơ ở hai hệ thống và báo đơn vị vận hành"
_NO_ANSWER = (
    "Hệ thống một cửa chưa nhận được trả lời khi gửi và sẽ tự hỏi lại; nếu lần đối soát sau vẫn"
    " còn, báo đơn vị vận hành"
)
#: Of the register: by kind and what we say, then what they say, then by kind.
_REGISTER_OURS: dict[tuple[str, str], str] = {
    ("missing_here", "pushing"): _NO_ANSWER,
    ("missing_here", "awaiting_answer"): _NO_ANSWER,
    ("missing_there", "accepted"): (
        "Hồ sơ đã tiếp nhận nhưng chưa có dữ liệu để gửi: báo đơn vị vận hành"
    ),
    ("missing_there", "registered"): (
        "Đề nghị cơ quan đăng ký kiểm tra Sổ hộ tịch và khôi phục dữ liệu; không gửi lại hồ sơ"
    ),
    ("missing_there", "pushed"): (
        "Không thể tự gửi lại: liên hệ cơ quan đăng ký xác định hồ sơ đã được nhận hay chưa"
    ),
    ("missing_there", "returned"): (
        "Báo cơ quan đăng ký; hồ sơ được gửi lại khi người dân nộp bổ sung"
    ),
    ("different_status", "registered"): (
        "Đối chiếu với Sổ hộ tịch; chưa thông báo lại cho người dân đến khi xác minh xong"
    ),
    ("different_status", "ended"): (
        "Hồ sơ đã kết thúc nhưng vẫn được đăng ký: liên hệ cơ quan đăng ký và người dân"
    ),
    ("different_status", "refused_there"): (
        "Phần mềm hộ tịch đã từ chối rồi lại đăng ký: liên hệ cơ quan đăng ký xác minh, sau đó"
        " thông báo cho người dân"
    ),
    ("different_status", "refused_meanwhile"): (
        "Hồ sơ đã bị từ chối nhưng vẫn được đăng ký: liên hệ cơ quan đăng ký và người dân"
    ),
    ("different_number", "personal_number"): (
        "Người có thẩm quyền đối chiếu số định danh cá nhân ở hai hệ thống"
    ),
}
_REGISTER_THEIRS: dict[tuple[str, str], str] = {
    ("different_status", "unreadable"): (
        "Báo đơn vị vận hành Phần mềm hộ tịch: trả lời về hồ sơ này sai định dạng"
    ),
}
_STILL_WANTED = (
    "Hồ sơ đã gửi nhưng Phần mềm hộ tịch vẫn yêu cầu bổ sung: hỏi cơ quan đăng ký đã nhận được hồ"
    " sơ bổ sung hay chưa"
)
_REGISTER_KIND: dict[str, str] = {
    "missing_here": "Kiểm tra vì sao Phần mềm hộ tịch có hồ sơ mà bộ phận một cửa chưa gửi",
    "different_number": (
        "Đối chiếu số liệu ở hai hệ thống với Sổ hộ tịch và báo đơn vị vận hành; số liệu ở Hệ"
        " thống một cửa chưa thay đổi"
    ),
}
_PORTAL_UNREADABLE = (
    "Báo đơn vị vận hành Cổng dịch vụ công: dữ liệu về hồ sơ này trong danh sách sai định dạng"
)
#: Of portals: by kind and what they say, then by kind.
_PORTAL_THEIRS: dict[tuple[str, str], str] = {
    ("missing_here", "sent"): (
        "Đề nghị cổng dịch vụ công gửi lại hồ sơ với mã tham chiếu cũ; gửi lại không tạo hồ sơ mới"
    ),
    ("different_status", "unreadable"): _PORTAL_UNREADABLE,
    ("missing_here", "unreadable"): _PORTAL_UNREADABLE,
}
_OURS_UNREADABLE = "Báo đơn vị vận hành: dữ liệu của hồ sơ này ở Hệ thống một cửa không mở được"
_PORTAL_KIND: dict[str, str] = {
    "missing_here": "Kiểm tra vì sao Cổng dịch vụ công có hồ sơ mà Hệ thống một cửa chưa nhận",
    "missing_there": "Xác định với cổng dịch vụ công mã tham chiếu này là của hồ sơ nào",
    "different_status": (
        "Báo đơn vị vận hành: Cổng dịch vụ công không giữ trạng thái đã được báo nhiều lần"
    ),
    "different_number": "Báo đơn vị vận hành Cổng dịch vụ công: hồ sơ mang mã khác với mã đã cấp",
}


def theirs(neighbour: str) -> str:
    """Return what the neighbour's system is called."""
    return "Phần mềm hộ tịch" if neighbour == REGISTER else "Cổng dịch vụ công"


def kind(of: DifferenceKind, neighbour: str) -> str:
    """Return what kind of difference with that neighbour it is."""
    return (_KINDS_REGISTER if neighbour == REGISTER else _KINDS_PORTAL)[of]


def state(known: Reference, one: Difference, code: str) -> str:
    """Return what that side says, in words; what is no code stands as it is.

    A number is a status of the National Portal's, but where numbers of entries differ.
    """
    if one.kind == "different_number":
        entry = _ENTRY.fullmatch(code)
        return _entry(known, *entry.groups()) if entry else STATES.get(code, code)
    if code.isdigit():
        row = known.status(int(code))
        return f"{code}: {row.name_vi}" if row else code
    return STATES.get(code, code)


def _entry(
    known: Reference, number: str, book: str, page: str | None, day: str, unit_code: str
) -> str:
    on = date.fromisoformat(day)
    unit = known.unit(unit_code, on) or known.units.last(unit_code)
    parts = [f"Số {number}", f"quyển {book}", f"trang {page}" if page else ""]
    parts += [f"ngày {on:%d/%m/%Y}", unit.name if unit else unit_code]
    return ", ".join(part for part in parts if part)


def repaired(one: Difference) -> str:
    """Return how it was repaired, or is being repaired; empty when a person must look."""
    if one.repaired_at is not None:
        return _REPAIRED[one.repair]
    return _UNDER_WAY.get(one.repair, "")


def to_do(one: Difference, neighbour: str) -> str:
    """Return what a person must do about a difference with it; empty for nothing."""
    if one.repaired_at is not None or one.repair in _UNDER_WAY:
        return ""
    if one.ours in ("unreadable", "not_opened"):
        return _OURS_UNREADABLE
    if neighbour != REGISTER:
        return _PORTAL_THEIRS.get((one.kind, one.theirs)) or _PORTAL_KIND[one.kind]
    if (one.kind, one.ours, one.theirs) == ("different_status", "pushed", "supplement"):
        return _STILL_WANTED
    return (
        _REGISTER_THEIRS.get((one.kind, one.theirs))
        or _REGISTER_OURS.get((one.kind, one.ours))
        or _REGISTER_KIND.get(one.kind, _LOOK)
    )
