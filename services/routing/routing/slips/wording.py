"""The words of a dossier's way: its steps, who hands over to whom, and what the codes mean."""

from dataclasses import dataclass
from typing import Literal

Party = Literal["Người nộp hồ sơ", "Bộ phận Một cửa", "Hệ thống đăng ký hộ tịch"]

CITIZEN: Party = "Người nộp hồ sơ"
ONE_STOP: Party = "Bộ phận Một cửa"
REGISTER: Party = "Hệ thống đăng ký hộ tịch"
NOTHING_DUE = "Hạn tiếp theo"

_ACTORS = {
    "automatic": "tự động",
    "register": "theo hệ thống đăng ký hộ tịch",
    "import": "chuyển từ hệ thống cũ",
}


@dataclass(frozen=True)
class StepWords:
    """A step of the control sheet: its name, who gives and who takes.

    `ends` is whether what was due is done with it, `pauses` whether nothing is due after it;
    `sets` is what the moment is called that it makes due.
    """

    name: str
    giver: Party
    taker: Party
    ends: bool = False
    pauses: bool = False
    sets: str = ""


_RECEPTION = "Hạn tiếp nhận"
_RESULT = "Hẹn trả kết quả"
_SUPPLEMENT = "Hạn bổ sung"

#: The steps by the name of their event.
STEPS: dict[str, StepWords] = {
    "submitted": StepWords("Nộp hồ sơ", CITIZEN, ONE_STOP),
    "routed": StepWords(
        "Chuyển cơ quan có thẩm quyền tiếp nhận", ONE_STOP, ONE_STOP, sets=_RECEPTION
    ),
    "forwarded": StepWords("Chuyển cơ quan khác giải quyết", ONE_STOP, ONE_STOP, sets=_RECEPTION),
    "accepted": StepWords("Tiếp nhận, chuyển xử lý", ONE_STOP, REGISTER, ends=True, sets=_RESULT),
    "returned": StepWords("Trả lại hồ sơ", ONE_STOP, CITIZEN, ends=True, sets=_SUPPLEMENT),
    "resubmitted": StepWords("Nộp bổ sung", CITIZEN, ONE_STOP, ends=True, sets=_RECEPTION),
    "withdrawal_requested": StepWords("Đề nghị rút hồ sơ", CITIZEN, ONE_STOP),
    "withdrawn": StepWords("Trả hồ sơ theo đề nghị rút", ONE_STOP, CITIZEN, ends=True),
    "stopped": StepWords("Dừng giải quyết", ONE_STOP, CITIZEN, pauses=True),
    "resumed": StepWords("Tiếp tục giải quyết", ONE_STOP, ONE_STOP, sets=_RESULT),
    "rescheduled": StepWords("Hẹn lại ngày trả kết quả", ONE_STOP, CITIZEN, sets=_RESULT),
    "registered": StepWords("Đăng ký vào sổ hộ tịch", REGISTER, ONE_STOP, ends=True),
    "register_returned": StepWords("Trả lại hồ sơ từ hệ thống", REGISTER, ONE_STOP),
    "registration_in_doubt": StepWords("Chờ trả lời, kiểm tra lại", ONE_STOP, REGISTER),
    "personal_id_assigned": StepWords("Đã cấp số định danh cá nhân", REGISTER, ONE_STOP),
    "registration_corrected": StepWords("Sửa thông tin trong sổ hộ tịch", REGISTER, ONE_STOP),
    "handed_over": StepWords("Trả kết quả", ONE_STOP, CITIZEN),
}

#: What the codes of a note mean that are not reasons of the reference data.
WORDS = {
    "national-portal": "Qua Cổng Dịch vụ công quốc gia",
    "provincial-portal": "Qua Cổng dịch vụ công cấp tỉnh",
    "moj-direct": "Qua hệ thống đăng ký hộ tịch trực tuyến của Bộ Tư pháp",
    "imported": "Chuyển từ hệ thống cũ",
    "late_registration": "Đăng ký quá hạn",
    "foreign_element": "Có yếu tố nước ngoài",
    "same_event": "Có hồ sơ khác về cùng sự kiện",
    "uncertain": "Chọn cơ quan kế thừa đầu tiên",
    "at_register": "Đã có ở hệ thống đăng ký hộ tịch",
    "supplement": "Yêu cầu bổ sung, hoàn thiện",
    "refused": "Từ chối giải quyết",
    "wrong_authority": "Không đúng thẩm quyền",
    "on_request": "Theo đề nghị của người nộp",
    "no_due": "Chưa xác định thời hạn",
    "final": "Kết thúc giải quyết",
    "apology": "Xin lỗi, hẹn lại",
    "verification": "Xác minh, gia hạn",
    "in_person": "Trực tiếp",
    "post": "Qua bưu chính công ích",
    "electronic": "Bản điện tử",
}


def officer_text(actor: str) -> str:
    """Return who acted, as a paper shows it; a person by their code, never by name."""
    return _ACTORS.get(actor, actor)
