"""What an answer to a data subject says, in Vietnamese and English."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Language = Literal["vi", "en"]

SERVICES: Mapping[str, tuple[str, str]] = {
    "intake": ("Tiếp nhận từ cổng dịch vụ công", "Intake from portals"),
    "routing": ("Bộ phận một cửa", "The one-stop"),
    "registry-sync": ("Kết nối hệ thống hộ tịch", "Connection to the register"),
    "notifier": ("Thông báo cho công dân và cổng", "Messages to citizens and portals"),
}
ACTS: Mapping[str, tuple[str, str]] = {
    "looked": ("cán bộ xem", "an officer looked"),
    "printed": ("cán bộ in giấy tờ", "an officer printed a paper"),
    "tracked": ("người tra cứu bằng mã hồ sơ xem", "somebody with code and number looked"),
    "opened_to_take_in": ("phần mềm nhận dữ liệu", "the machine took the data in"),
    "opened_to_decide": ("phần mềm xử lý bước tiếp theo", "the machine decided the next step"),
    "opened_to_send": ("phần mềm gửi đi", "the machine made a call"),
    "opened_to_merge": ("phần mềm ghép phần bổ sung", "the machine merged a supplement"),
    "opened_to_compare": ("phần mềm đối chiếu số tra cứu", "the machine compared a number"),
    "opened_letter": ("mở bản ghi lỗi", "a record with a fault was opened"),
    "answered_subject": (
        "mở để trả lời chủ thể dữ liệu",
        "opened to answer the data subject",
    ),
}
PERSONAL: Mapping[str, tuple[str, str]] = {
    "in clear": ("bản rõ", "in clear"),
    "sealed": ("mã hóa", "encrypted"),
    "keyed hash": ("mã băm có khóa", "keyed hash"),
    "pseudonymous": ("chỉ có mã hồ sơ", "the dossier's code alone"),
    "none": ("không có dữ liệu cá nhân", "nothing personal"),
}
#: What is personal in a table, as the retention rules name it.
FIELDS: Mapping[str, tuple[str, str]] = {
    "applicant": ("người nộp", "the applicant"),
    "notify_by": ("cách nhận thông báo", "how to be told"),
    "form": ("tờ khai", "the form"),
    "attachments": ("giấy tờ kèm theo", "attachments"),
    "papers": ("giấy tờ đã nộp", "papers"),
    "particulars": ("người nộp và tờ khai", "applicant and form"),
    "earlier versions": ("các bản trước", "earlier versions"),
    "full_name": ("họ tên", "full name"),
    "personal_number": ("số định danh cá nhân", "personal number"),
    "phone": ("số điện thoại", "phone"),
    "email": ("thư điện tử", "e-mail"),
    "channels": ("kênh liên lạc", "channels"),
    "factor": ("mã băm của số tra cứu", "hash of the tracking number"),
    "fingerprint": ("mã băm của sự kiện hộ tịch", "hash of the civil event"),
    "request": ("nội dung lệnh gọi", "the request"),
    "record": ("bản ghi", "the record"),
    "words": ("câu trả lời nhận được", "what the outside said"),
    "the whole submission": ("toàn bộ hồ sơ nộp", "the whole submission"),
    "body of dossier.particulars.v1": (
        "nội dung bản ghi dossier.particulars.v1",
        "body of dossier.particulars.v1",
    ),
}
CONFIDENCE: Mapping[str, tuple[str, str]] = {
    "certain": ("chắc chắn", "certain"),
    "high": ("tin cậy cao", "high"),
    "assumed": ("giả định của hệ thống, chưa tìm thấy quy định", "our default, no rule found"),
}
TEXTS: Mapping[str, tuple[str, str]] = {
    "title": ("Dữ liệu cá nhân của hồ sơ", "Personal data of dossier"),
    "dossier": ("Hồ sơ", "Dossier"),
    "portal": ("Cổng nộp", "Portal"),
    "received": ("Tiếp nhận lúc", "Received"),
    "erased": ("Đã xóa dữ liệu cá nhân lúc", "Personal data erased"),
    "held": ("Đang lưu giữ những gì, ở đâu", "What is held, and where"),
    "events": ("sự kiện trên", "events on"),
    "looked": ("Ai đã xem hoặc mở", "Who looked or opened"),
    "nobody": ("chưa có ai", "nobody yet"),
    "earlier": ("số lần trước đó, không liệt kê", "earlier ones, not listed"),
    "times": ("lần", "times"),
    "may_go": ("Xóa được theo yêu cầu", "May be erased on request"),
    "not_yet": (
        "Chưa xóa được: hồ sơ đang được giải quyết",
        "Not to be erased yet: the dossier is under way",
    ),
    "nothing_now": (
        "của hồ sơ này hiện không có dữ liệu cá nhân",
        "of this dossier nothing personal now",
    ),
    "blank": (
        "Hiện không có dữ liệu cá nhân, do chưa từng có hoặc đã xóa trắng khi xong việc",
        "No personal data there now: there never were any, or they were blanked once done",
    ),
    "stays": ("Không xóa", "Stays"),
    "why_stays": (
        "không có dữ liệu cá nhân, cần để chứng minh việc giải quyết hồ sơ",
        "nothing personal; needed to prove what was decided",
    ),
    "nothing_personal": (
        "Không còn dữ liệu cá nhân nào được lưu giữ.",
        "Nothing personal is held any more.",
    ),
    "law": ("Thời hạn và quy định", "Time limits and rules"),
    "since": ("từ", "since"),
    "rows": ("dòng", "rows"),
    "own": ("Dữ liệu cá nhân (giao cho chính người đó)", "The data, for that person alone"),
}


@dataclass(frozen=True)
class Law:
    """A rule an answer goes by, in two languages, with its source if any and how sure we are."""

    vi: str
    en: str
    source: str
    confidence: str


LAWS = (
    Law(
        "Trả lời yêu cầu của chủ thể dữ liệu trong 02 ngày làm việc",
        "A request is answered within 2 working days",
        "Luật 91/2025/QH15; Nghị định 356/2025/NĐ-CP",
        "high",
    ),
    Law(
        "Thực hiện yêu cầu trong 10 đến 20 ngày tùy quyền, được gia hạn một lần",
        "It is done within 10 to 20 days depending on the right, extended once",
        "Luật 91/2025/QH15; Nghị định 356/2025/NĐ-CP",
        "high",
    ),
    Law(
        "Cơ quan nhà nước xử lý dữ liệu theo luật không cần sự đồng ý",
        "A state agency doing its statutory work needs no consent",
        "Luật 91/2025/QH15, Điều 19",
        "high",
    ),
    Law(
        "Xóa bản sao trung chuyển khi có yêu cầu hoặc khi hết mục đích",
        "Transport copies are erased on request, or when their purpose is over",
        "Luật 91/2025/QH15, Điều 14",
        "high",
    ),
    Law(
        "Sổ hộ tịch và hồ sơ đăng ký được lưu trữ vĩnh viễn tại cơ quan đăng ký, không xóa",
        "The books and the registration dossiers are kept permanently by the registration"
        " authority and are not erased",
        "Thông tư 04/2020/TT-BTP, Điều 37; Luật Hộ tịch, Điều 58",
        "high",
    ),
    Law(
        "Hồ sơ bị từ chối hoặc đã rút: lưu 90 ngày sau khi kết thúc",
        "Rejected and withdrawn dossiers: kept for 90 days after their end",
        "",
        "assumed",
    ),
)


def said(words: Mapping[str, tuple[str, str]], name: str, language: Language) -> str:
    """Return the word in that language, the name itself when there is none."""
    if name not in words:
        return name
    return words[name][0 if language == "vi" else 1]
