"""What the citizen reads in a mail: subject, text and headers, word for word."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import SMTP
from unicodedata import normalize
from uuid import UUID

import pytest

import reference
from contracts.model import VIETNAM
from notifier.correspondence import News
from notifier.mails import compose
from notifier.messages import mail_subject, mail_text
from notifier.requests import MailRequest
from tests.unit.builders import A_CODE, A_DOSSIER, NOW

KNOWN = reference.load()
NAME = "Nguyễn Thị Thử"
AT = datetime(2026, 11, 24, 17, tzinfo=VIETNAM).astimezone(UTC)
WHEN = "17:00 Thứ Ba, 24/11/2026"


def news(step: str, **more) -> News:
    return News(step, A_DOSSIER, NOW, **more)


SUPPLEMENT = news(
    "returned",
    kind="supplement",
    reasons=("missing_paper",),
    papers=("birth_notification", "kinship_proof"),
)
REFUSED = news("returned", kind="refused", reasons=("duplicate_registration",))
ELSEWHERE = news("returned", kind="wrong_authority", reasons=("not_competent",))


def test_given_a_usual_step_then_the_mail_greets_says_and_closes():
    assert mail_text(A_CODE, NAME, news("accepted"), KNOWN) == (
        f"Kính gửi {NAME},\n\n"
        f"Hồ sơ {A_CODE} đã được tiếp nhận và đang được giải quyết;"
        " vui lòng chờ thông báo kết quả, chưa cần làm gì thêm.\n\n"
        "Thư này được gửi tự động, vui lòng không trả lời.\n"
    )


def test_given_a_return_then_the_mail_lists_reasons_and_papers():
    assert mail_text(A_CODE, NAME, SUPPLEMENT, KNOWN) == (
        f"Kính gửi {NAME},\n\n"
        f"Hồ sơ {A_CODE} cần bổ sung.\n\n"
        "Lý do:\n- Hồ sơ còn thiếu giấy tờ; đề nghị bổ sung giấy tờ được nêu\n\n"
        "Giấy tờ cần nộp:\n- giấy chứng sinh\n- giấy tờ chứng minh quan hệ cha, mẹ, con\n\n"
        "Vui lòng nộp bổ sung trên cổng đã nộp hồ sơ.\n\n"
        "Thư này được gửi tự động, vui lòng không trả lời.\n"
    )
    assert "Giấy tờ" not in mail_text(A_CODE, NAME, REFUSED, KNOWN)


@pytest.mark.parametrize(
    ("told", "subject"),
    [
        (news("submitted"), "đã được gửi"),
        (news("accepted"), "đã được tiếp nhận"),
        (news("registered"), "đã đăng ký xong"),
        (news("resubmitted"), "đã nhận được phần bổ sung"),
        (news("stopped"), "tạm dừng giải quyết"),
        (news("withdrawn"), "đã được rút"),
        (news("rescheduled", kind="verification"), "cần xác minh thêm"),
        (SUPPLEMENT, "cần bổ sung"),
        (REFUSED, "không được giải quyết"),
        (ELSEWHERE, "nộp chưa đúng cơ quan giải quyết"),
    ],
)
def test_given_a_step_then_the_subject_says_it(told, subject):
    assert mail_subject(A_CODE, told, KNOWN) == f"Hồ sơ {A_CODE} {subject}"


def test_given_an_apology_then_the_mail_is_sorry_and_says_why_and_when():
    told = news("rescheduled", kind="apology", reasons=("staff_shortage",), due_at=AT)

    assert mail_subject(A_CODE, told, KNOWN) == f"Xin lỗi, hồ sơ {A_CODE} chậm trả kết quả"
    assert mail_text(A_CODE, NAME, told, KNOWN) == (
        f"Kính gửi {NAME},\n\n"
        f"Xin lỗi, hồ sơ {A_CODE} chậm trả kết quả.\n\n"
        "Lý do:\n- Cơ quan giải quyết không bố trí kịp người xử lý hồ sơ\n\n"
        f"Hẹn lại ngày trả kết quả: {WHEN}.\n\n"
        "Thư này được gửi tự động, vui lòng không trả lời.\n"
    )


EFFECT = UUID("6f0f2c1e-0000-5000-8000-00000000000b")
REQUEST = MailRequest(
    to="thu@example.com",
    subject=mail_subject(A_CODE, SUPPLEMENT, KNOWN),
    text=mail_text(A_CODE, NAME, SUPPLEMENT, KNOWN),
    reference=f"{A_CODE}:returned:email",
    date=NOW,
)


def test_given_a_mail_then_a_reader_finds_text_and_headers_again():
    mail = message_from_bytes(compose(REQUEST, REQUEST.to, "tu@example.vn", EFFECT), policy=SMTP)

    assert mail.get_content().replace("\r\n", "\n") == REQUEST.text
    assert dict(mail.items()) == {
        "From": "tu@example.vn",
        "To": "thu@example.com",
        "Subject": REQUEST.subject,
        "Date": "Mon, 23 Nov 2026 02:00:00 +0000",
        "Message-ID": f"<{EFFECT}@example.vn>",
        "X-Hotich-Reference": f"{A_CODE}:returned:email",
        "Auto-Submitted": "auto-generated",
        "Content-Language": "vi",
        "Content-Type": 'text/plain; charset="utf-8"',
        "Content-Transfer-Encoding": "base64",
        "MIME-Version": "1.0",
    }


def test_given_the_same_request_then_the_mail_has_the_same_bytes():
    first, second = (compose(REQUEST, REQUEST.to, "tu@example.vn", EFFECT) for _ in range(2))

    assert first == second
    assert first.isascii()
    assert all(len(line) <= 998 for line in first.split(b"\r\n"))


def test_given_an_address_beyond_ascii_then_its_header_is_utf8():
    mail = compose(REQUEST, "thử@example.com", "tu@example.vn", EFFECT)

    assert "To: thử@example.com\r\n".encode() in mail


@pytest.mark.parametrize(
    ("name", "greeted"),
    [
        (NAME, NAME),
        (normalize("NFD", NAME), normalize("NFD", NAME)),
        ("Siobhán O’Connor-Nguyễn Jr.", "Siobhán O’Connor-Nguyễn Jr."),
        ("H'Hen Niê", "H'Hen Niê"),
        ("Nộp phạt tại http://evil.example", "ông/bà"),
        ("Nộp phạt tại evil.example", "ông/bà"),
        ("gọi 0900 000 001", "ông/bà"),
        ("<b>An</b>", "ông/bà"),
    ],
)
def test_a_mail_greets_by_a_name_and_carries_no_strangers_message(name: str, greeted: str) -> None:
    text = mail_text(A_CODE, name, news("accepted"), KNOWN)

    assert text.startswith(f"Kính gửi {greeted},\n\n")
    assert "evil" not in text
