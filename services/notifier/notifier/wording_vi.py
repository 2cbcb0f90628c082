"""The words for each step in Vietnamese: what happened, why, and what to do next."""

from collections.abc import Mapping

from contracts.model import Step, local_day
from notifier.correspondence import News
from notifier.wording import Phrases, Wording, Words, acts, papers, promised, returns
from reference import Reference

_OTHER_PAPER = "giấy tờ được nêu trên cổng đã nộp hồ sơ"
_ASK = "nếu cần hỏi thêm, vui lòng liên hệ Ủy ban nhân dân nơi nhận hồ sơ."
PHRASES = Phrases(
    opening="Hồ sơ",
    greeting="Kính gửi {name},",
    somebody="ông/bà",
    closing="Thư này được gửi tự động, vui lòng không trả lời.",
    reasons="Lý do",
    papers="Giấy tờ cần nộp",
    see_portal="xem lý do trên cổng đã nộp hồ sơ",
    crossed=(
        "tuy nhiên việc hộ tịch đã được đăng ký, vui lòng liên hệ Ủy ban nhân dân nơi giải quyết."
    ),
)


def _submitted(news: News, reference: Reference) -> Wording:
    if news.kind == "imported":
        then = "mã hồ sơ giữ nguyên, không cần nộp lại; vui lòng chờ thông báo tiếp theo."
        return Wording("đã được chuyển sang hệ thống mới", then)
    what = "đã được gửi đến cơ quan đăng ký hộ tịch"
    then = "vui lòng giữ mã này để tra cứu và chờ thông báo tiếp nhận."
    return Wording(what, then, short="đã được gửi")


def _resubmitted(news: News, reference: Reference) -> Wording:
    if news.final:
        return Wording("đã kết thúc, phần bổ sung không làm thay đổi kết quả", _ASK)
    return Wording("đã nhận được phần bổ sung", "vui lòng chờ thông báo của cơ quan giải quyết.")


def _forwarded(news: News, reference: Reference) -> Wording:
    on = local_day(news.occurred_at)
    unit = reference.unit(news.unit_code or "", on)
    where = f"Ủy ban nhân dân {unit.name}" if unit else "cơ quan có thẩm quyền"
    then = "không cần nộp lại hồ sơ."
    return Wording(f"đã được chuyển đến {where}", then, acts(news, "forward", reference, "vi"))


def _accepted(news: News, reference: Reference) -> Wording:
    if when := promised(news, "vi"):
        then = f"hẹn trả kết quả {when}; chưa cần làm gì thêm."
        return Wording("đã được tiếp nhận", then)
    what = "đã được tiếp nhận và đang được giải quyết"
    then = "vui lòng chờ thông báo kết quả, chưa cần làm gì thêm."
    return Wording(what, then, short="đã được tiếp nhận")


def _returned(news: News, reference: Reference) -> Wording:
    reasons = returns(news, reference, "vi")
    listed = papers(news, reference, "vi", _OTHER_PAPER)
    if news.kind == "refused":
        return Wording("không được giải quyết", _ASK, reasons, listed)
    if news.kind == "wrong_authority":
        then = "vui lòng nộp lại đúng nơi trên cổng đã nộp hồ sơ."
        return Wording("nộp chưa đúng cơ quan giải quyết", then, reasons, listed)
    when = promised(news, "vi")
    until = f", chậm nhất {when}" if when else ""
    then = f"vui lòng nộp bổ sung trên cổng đã nộp hồ sơ{until}."
    return Wording("cần bổ sung", then, reasons, listed)


def _rescheduled(news: News, reference: Reference) -> Wording:
    when = promised(news, "vi") or "theo thông báo trên cổng đã nộp hồ sơ"
    if news.kind == "verification":
        reasons = acts(news, "verification", reference, "vi")
        return Wording("cần xác minh thêm", f"hẹn trả kết quả {when}.", reasons)
    then = f"hẹn lại ngày trả kết quả: {when}."
    reasons = acts(news, "apology", reference, "vi")
    return Wording("chậm trả kết quả", then, reasons, opening="Xin lỗi, hồ sơ")


def _stopped(news: News, reference: Reference) -> Wording:
    reasons = acts(news, "stop", reference, "vi")
    if news.final:
        then = "nếu vẫn có nhu cầu, vui lòng nộp hồ sơ mới."
        return Wording("đã dừng giải quyết và kết thúc", then, reasons)
    return Wording("tạm dừng giải quyết", "vui lòng chờ thông báo khi giải quyết tiếp.", reasons)


def _resumed(news: News, reference: Reference) -> Wording:
    if when := promised(news, "vi"):
        return Wording("được giải quyết tiếp", f"hẹn trả kết quả {when}.")
    return Wording("được giải quyết tiếp", "vui lòng chờ thông báo tiếp theo.")


def _withdrawn(news: News, reference: Reference) -> Wording:
    then = "nếu không yêu cầu rút, vui lòng liên hệ Ủy ban nhân dân nơi nhận hồ sơ."
    return Wording("đã được rút và không giải quyết tiếp", then, short="đã được rút")


def _registered(news: News, reference: Reference) -> Wording:
    if news.crossed:
        then = "vui lòng liên hệ Ủy ban nhân dân nơi giải quyết để được hướng dẫn."
        return Wording("đã được đăng ký dù trước đó đã kết thúc", then, short="đã được đăng ký")
    then = "vui lòng nhận kết quả tại Ủy ban nhân dân nơi giải quyết hoặc trên cổng đã nộp hồ sơ."
    return Wording("đã đăng ký xong", then)


def _personal_id_assigned(news: News, reference: Reference) -> Wording:
    then = "xem số trên bản Giấy khai sinh hoặc trên cổng đã nộp hồ sơ."
    return Wording("đã có số định danh cá nhân của trẻ", then, short="đã có số định danh")


def _registration_corrected(news: News, reference: Reference) -> Wording:
    then = "vui lòng liên hệ Ủy ban nhân dân nơi giải quyết để nhận lại kết quả."
    what = "có thông tin đăng ký trong Sổ hộ tịch được sửa"
    return Wording(what, then, short="được sửa thông tin đăng ký")


WORDS: Mapping[Step, Words] = {
    "submitted": _submitted,
    "resubmitted": _resubmitted,
    "forwarded": _forwarded,
    "accepted": _accepted,
    "returned": _returned,
    "rescheduled": _rescheduled,
    "stopped": _stopped,
    "resumed": _resumed,
    "withdrawn": _withdrawn,
    "registered": _registered,
    "personal_id_assigned": _personal_id_assigned,
    "registration_corrected": _registration_corrected,
}
