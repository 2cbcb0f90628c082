"""What a paper says and in which order: the sentences of each form."""

from datetime import datetime

from routing.domain import SlipKey
from routing.slips.content import Citizen, ControlSheet, Slip
from routing.slips.page import Head, Line, Page, Section, SheetPage, Signature
from routing.slips.wording import ONE_STOP

COMMITTEE = "Ủy ban nhân dân"
#: Where a title breaks, and what of it stays in the first line.
BREAKS = ((", ", ","), (" và ", ""), (" giải quyết ", ""))
NO_DUE = "cơ quan sẽ thông báo sau"
ERASED = "Thông tin cá nhân đã được xóa theo quy định về bảo vệ dữ liệu cá nhân."
SIGN = "(Ký, ghi rõ họ tên)"
SEAL = "(Ký, đóng dấu hoặc ký số)"
PAUSED_BY_SUPPLEMENT = "Trong thời gian chờ bổ sung, thời hạn giải quyết hồ sơ tạm dừng."
PAUSED_BY_STOP = (
    "Trong thời gian dừng, thời hạn giải quyết không tính; khi tiếp tục giải quyết, cơ quan sẽ"
    " thông báo thời gian trả kết quả mới."
)
STOPPED_FOR_GOOD = "Việc giải quyết hồ sơ kết thúc. Ông/Bà có thể nộp hồ sơ mới."
COLUMNS = (
    "Bước",
    "Người giao",
    "Người nhận",
    "Thời gian giao nhận",
    "Hạn của bước",
    "Kết quả",
    "Ghi chú",
)
_SIGNERS = {
    "automatic": "Hệ thống một cửa điện tử (tự động)",
    "register": "Theo kết quả của hệ thống đăng ký hộ tịch",
    "import": "Chuyển từ hệ thống cũ",
}


def sheet_page_of(sheet: ControlSheet) -> SheetPage:
    """Return the control sheet from top to bottom.

    Source: the forms of TT 01/2018/TT-VPCP and TT 03/2025/TT-VPCP, whose columns these are.
    """
    lines = (
        Line("Thủ tục hành chính", sheet.procedure),
        Line("Cơ quan giải quyết", sheet.authority),
    )
    return SheetPage(head_of(sheet), lines, COLUMNS, sheet.rows)


def head_of(paper: Slip | ControlSheet) -> Head:
    """Return the head of a paper.

    Source: NĐ 30/2020/NĐ-CP, Phụ lục I (quốc hiệu, tên cơ quan, địa danh và ngày).
    """
    return Head(
        authority=_two_lines(paper.authority, COMMITTEE),
        unit=ONE_STOP,
        number=f"Số: {paper.dossier_code}",
        dated=f"{paper.locality}, {_day(paper.issued_at)}",
        title=paper.title,
        title_lines=_title_lines(paper.title),
        code=paper.dossier_code,
        footer=f"Mẫu số {paper.number}, {paper.form_source}",
    )


def page_of(slip: Slip) -> Page:
    """Return the slip from top to bottom.

    Source: the forms of TT 01/2018/TT-VPCP and TT 03/2025/TT-VPCP, whose fields these are.
    """
    highlight = {
        "acceptance": Line("Thời gian trả kết quả", slip.due or NO_DUE),
        "supplement": Line("Bổ sung, hoàn thiện chậm nhất", slip.due),
        "apology": Line("Thời gian trả kết quả mới", slip.new_due),
    }.get(slip.key)
    return Page(
        head=head_of(slip),
        who=_who(slip),
        lead=_lead(slip),
        sections=_sections(slip),
        lines=_lines(slip),
        highlight=highlight if highlight and highlight.text else None,
        closing=_closing(slip),
        small=_small(slip),
        signatures=_signatures(slip),
    )


def _who(slip: Slip) -> tuple[Line, ...]:
    name = "Kính gửi" if slip.key in ("apology", "stop") else "Hồ sơ của"
    return (
        *(_person(name, slip.citizen) if slip.named else ()),
        Line("Nội dung yêu cầu giải quyết", slip.procedure),
    )


def _person(label: str, citizen: Citizen | None) -> tuple[Line, ...]:
    if citizen is None:
        return (Line(label, ERASED),)
    lines = (
        Line(label, citizen.full_name),
        Line("Địa chỉ", citizen.address),
        Line("Số điện thoại", citizen.phone),
        Line("Email", citizen.email),
    )
    return tuple(line for line in lines if line.text)


def _lead(slip: Slip) -> str:
    at, who = slip.received_at, slip.authority
    received = f"{who} đã tiếp nhận hồ sơ nêu trên{f' lúc {at}' if at else ''}"
    leads: dict[SlipKey, str] = {
        "acceptance": f"{who} đã tiếp nhận hồ sơ nêu trên.",
        "supplement": f"Qua xem xét, {who} đề nghị Ông/Bà bổ sung, hoàn thiện hồ sơ nêu trên.",
        "refusal": f"Qua xem xét, {who} thông báo không tiếp nhận, giải quyết hồ sơ nêu trên.",
        "apology": f"{received}, hẹn trả kết quả {slip.due}. Vì lý do dưới đây, kết quả"
        " không trả được đúng thời hạn ghi trong Giấy tiếp nhận hồ sơ và hẹn trả kết quả.",
        "stop": f"{who} thông báo dừng giải quyết hồ sơ nêu trên.",
    }
    if slip.verification:
        return f"{received}, hẹn trả kết quả {slip.due}. Để giải quyết hồ sơ cần xác minh thêm."
    return leads[slip.key]


def _sections(slip: Slip) -> tuple[Section, ...]:
    papers = "Giấy tờ cần bổ sung" if slip.key == "supplement" else "Thành phần hồ sơ nộp gồm"
    reasons = "Nội dung cần bổ sung, hoàn thiện" if slip.key == "supplement" else "Lý do"
    sections = (Section(reasons, slip.reasons), Section(papers, slip.papers))
    return tuple(section for section in sections if section.items)


def _lines(slip: Slip) -> tuple[Line, ...]:
    received = slip.key == "acceptance"
    lines = (
        Line("Số lượng hồ sơ", f"{slip.copies:02d} bộ" if received else ""),
        Line("Thời gian nhận hồ sơ", slip.received_at if received else ""),
        Line("Nơi nhận kết quả", slip.result_place),
    )
    return tuple(line for line in lines if line.text)


def _closing(slip: Slip) -> tuple[str, ...]:
    who = slip.authority
    contact = f"Nếu có vướng mắc, Ông/Bà liên hệ {ONE_STOP}, {who} để được hướng dẫn."
    sorry = f"{who} xin lỗi Ông/Bà vì sự chậm trễ này và rất mong Ông/Bà thông cảm."
    closings: dict[SlipKey, tuple[str, ...]] = {
        "acceptance": (),
        "supplement": (PAUSED_BY_SUPPLEMENT, contact),
        "refusal": ("Xin thông báo để Ông/Bà được biết và thực hiện.", contact),
        "apology": ("Rất mong Ông/Bà thông cảm." if slip.verification else sorry,),
        "stop": (STOPPED_FOR_GOOD if slip.final else PAUSED_BY_STOP, contact),
    }
    return closings[slip.key]


def _small(slip: Slip) -> tuple[Section, ...]:
    sections = (
        Section("Cách tính thời hạn", slip.explanation),
        Section("Lưu ý", slip.notes),
        Section("Căn cứ", ("; ".join(slip.legal_basis),) if slip.legal_basis else ()),
    )
    return tuple(section for section in sections if section.items)


def _signatures(slip: Slip) -> tuple[Signature, ...]:
    name = _signer(slip.officer)
    applicant = Signature("Người nộp hồ sơ", SIGN)
    match slip.key:
        case "acceptance" | "refusal":
            return applicant, Signature("Người tiếp nhận hồ sơ", SIGN, name)
        case "supplement":
            return applicant, Signature("Người hướng dẫn", SIGN, name)
        case "apology" | "stop":
            prepared = Signature("Người lập", SIGN, name)
            return prepared, Signature("Thủ trưởng cơ quan, đơn vị", SEAL)


def _signer(actor: str) -> str:
    """Return who acted, as the place to sign shows it; a person by their code, never by name."""
    return _SIGNERS.get(actor, f"Mã cán bộ: {actor}") if actor else ""


def _two_lines(text: str, first: str) -> tuple[str, ...]:
    rest = text.removeprefix(first).strip()
    return (first, rest) if text.startswith(first) and rest else (text,)


def _title_lines(title: str) -> tuple[str, ...]:
    """Return the title in lines: broken after a comma, or before the words a phrase begins with."""
    for words, kept in BREAKS:
        before, found, after = title.partition(words)
        if found:
            return (before + kept, f"{words.removeprefix(kept).strip()} {after.strip()}".strip())
    return (title,)


def _day(at: datetime) -> str:
    """Return the day as papers are dated; days and the months 1 and 2 have two digits.

    Source: NĐ 30/2020/NĐ-CP, Phụ lục I.
    """
    month = f"{at.month:02d}" if at.month < 3 else str(at.month)
    return f"ngày {at.day:02d} tháng {month} năm {at.year}"
