"""What the citizen reads: one plain sentence for each step, as SMS or as a mail around it."""

from contracts.model import Step
from notifier.correspondence import News
from reference import Reference

#: Six parts of an SMS in Vietnamese letters; what is longer points to the portal instead.
LONGEST_SMS = 402

_TOLD: dict[Step, str] = {
    "submitted": "đã được gửi đến cơ quan đăng ký hộ tịch;"
    " vui lòng giữ mã này để tra cứu và chờ thông báo tiếp nhận.",
    "accepted": "đã được tiếp nhận và đang được giải quyết;"
    " vui lòng chờ thông báo kết quả, chưa cần làm gì thêm.",
    "registered": "đã đăng ký xong; vui lòng nhận kết quả tại Ủy ban nhân dân nơi giải quyết"
    " hoặc trên cổng đã nộp hồ sơ.",
}
_RETURNED = {
    "supplement": (
        "cần bổ sung",
        "vui lòng nộp bổ sung trên cổng đã nộp hồ sơ.",
    ),
    "refused": (
        "không được giải quyết",
        "nếu cần hỏi thêm, vui lòng liên hệ Ủy ban nhân dân nơi nhận hồ sơ.",
    ),
    "wrong_authority": (
        "nộp chưa đúng cơ quan giải quyết",
        "vui lòng nộp lại đúng nơi trên cổng đã nộp hồ sơ.",
    ),
}
_SUBJECTS: dict[Step, str] = {
    "submitted": "đã được gửi",
    "accepted": "đã được tiếp nhận",
    "registered": "đã đăng ký xong",
}
#: The papers a procedure may ask for, as the citizen knows them.
PAPERS = {
    "birth_notification": "giấy chứng sinh",
    "change_grounds": "giấy tờ làm căn cứ thay đổi, cải chính",
    "death_notice": "giấy báo tử",
    "earlier_papers": "giấy tờ hộ tịch đã được cấp trước đây",
    "foreign_paper": "giấy tờ do nước ngoài cấp",
    "guardian_appointment": "văn bản cử người giám hộ",
    "kinship_proof": "giấy tờ chứng minh quan hệ cha, mẹ, con",
    "marital_status_paper": "giấy xác nhận tình trạng hôn nhân",
    "medical_certificate": "giấy xác nhận của tổ chức y tế",
    "nationality_agreement": "văn bản thỏa thuận lựa chọn quốc tịch",
    "passport_copy": "bản sao hộ chiếu",
}
_OTHER_PAPER = "giấy tờ được nêu trên cổng đã nộp hồ sơ"
_CLOSING = "Thư này được gửi tự động, vui lòng không trả lời."


def sms_text(dossier_code: str, news: News, reference: Reference) -> str:
    """Return the one sentence for a phone, at most LONGEST_SMS characters; it names nobody."""
    if news.kind is None:
        return f"Hồ sơ {dossier_code} {_TOLD[news.step]}"
    what, then = _RETURNED[news.kind]
    reasons, papers = _reasons(news, reference), _papers(news)
    listed = [*reasons, *([f"giấy tờ cần nộp: {', '.join(papers)}"] if papers else [])]
    text = f"Hồ sơ {dossier_code} {what}{': ' if listed else ''}{'; '.join(listed)}; {then}"
    if len(text) <= LONGEST_SMS:
        return text
    return f"Hồ sơ {dossier_code} {what}, xem lý do trên cổng đã nộp hồ sơ; {then}"


def mail_subject(dossier_code: str, news: News) -> str:
    """Return the subject; it names nobody."""
    return f"Hồ sơ {dossier_code} {_RETURNED[news.kind][0] if news.kind else _SUBJECTS[news.step]}"


def mail_text(dossier_code: str, full_name: str, news: News, reference: Reference) -> str:
    """Return the text of the mail: greeting, what happened, why, and what to do next."""
    if news.kind is None:
        told = [f"Hồ sơ {dossier_code} {_TOLD[news.step]}"]
    else:
        what, then = _RETURNED[news.kind]
        told = [
            f"Hồ sơ {dossier_code} {what}.",
            *_listed("Lý do", _reasons(news, reference)),
            *_listed("Giấy tờ cần nộp", _papers(news)),
            f"{then[0].upper()}{then[1:]}",
        ]
    return "\n\n".join([f"Kính gửi {full_name},", *told, _CLOSING]) + "\n"


def _listed(title: str, lines: list[str]) -> list[str]:
    return [f"{title}:\n" + "\n".join(f"- {line}" for line in lines)] if lines else []


def _reasons(news: News, reference: Reference) -> list[str]:
    rows = [reference.return_reason(code) for code in news.reasons]
    return [row.text_vi.rstrip(".") for row in rows if row is not None]


def _papers(news: News) -> list[str]:
    return list(dict.fromkeys(PAPERS.get(code, _OTHER_PAPER) for code in news.papers))
