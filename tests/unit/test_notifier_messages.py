"""What the citizen reads at each step, word for word."""

from email import message_from_bytes
from email.policy import SMTP
from uuid import UUID

import pytest

import reference
from contracts.model import DossierCode
from notifier.channels import compose
from notifier.correspondence import News
from notifier.messages import LONGEST_SMS, PAPERS, mail_subject, mail_text, sms_text
from notifier.requests import MailRequest
from tests.unit.builders import A_CODE, A_DOSSIER, NOW

KNOWN = reference.load()
LONGEST_CODE: DossierCode = "H29.ABCDE.ABCDE.ABCDE.ABCDE.ABCDE-20261124-0000001"
NAME = "Nguyễn Thị Thử"


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

SMS = [
    (
        news("submitted"),
        f"Hồ sơ {A_CODE} đã được gửi đến cơ quan đăng ký hộ tịch;"
        " vui lòng giữ mã này để tra cứu và chờ thông báo tiếp nhận.",
    ),
    (
        news("accepted"),
        f"Hồ sơ {A_CODE} đã được tiếp nhận và đang được giải quyết;"
        " vui lòng chờ thông báo kết quả, chưa cần làm gì thêm.",
    ),
    (
        news("registered"),
        f"Hồ sơ {A_CODE} đã đăng ký xong; vui lòng nhận kết quả tại Ủy ban nhân dân nơi giải quyết"
        " hoặc trên cổng đã nộp hồ sơ.",
    ),
    (
        SUPPLEMENT,
        f"Hồ sơ {A_CODE} cần bổ sung: Hồ sơ còn thiếu giấy tờ; đề nghị bổ sung giấy tờ được nêu;"
        " giấy tờ cần nộp: giấy chứng sinh, giấy tờ chứng minh quan hệ cha, mẹ, con;"
        " vui lòng nộp bổ sung trên cổng đã nộp hồ sơ.",
    ),
    (
        REFUSED,
        f"Hồ sơ {A_CODE} không được giải quyết: Sự kiện hộ tịch này đã được đăng ký;"
        " mỗi sự kiện chỉ được đăng ký một lần;"
        " nếu cần hỏi thêm, vui lòng liên hệ Ủy ban nhân dân nơi nhận hồ sơ.",
    ),
    (
        ELSEWHERE,
        f"Hồ sơ {A_CODE} nộp chưa đúng cơ quan giải quyết: Cơ quan được chọn không có thẩm quyền"
        " giải quyết; đề nghị nộp tại Ủy ban nhân dân cấp xã nơi cư trú;"
        " vui lòng nộp lại đúng nơi trên cổng đã nộp hồ sơ.",
    ),
]


@pytest.mark.parametrize(("told", "text"), SMS)
def test_given_a_step_then_the_sms_says_what_happened_and_what_to_do(told, text):
    assert sms_text(A_CODE, told, KNOWN) == text


@pytest.mark.parametrize("step", ["submitted", "accepted", "registered"])
def test_given_the_usual_steps_then_the_sms_fits_160_characters(step):
    assert len(sms_text("H29.26737-20261124-0000001", news(step), KNOWN)) <= 160


@pytest.mark.parametrize("kind", ["supplement", "refused", "wrong_authority"])
def test_given_any_return_then_the_sms_is_never_longer_than_its_limit(kind):
    every = tuple(row.code for row in KNOWN.return_reasons)
    told = news("returned", kind=kind, reasons=every, papers=tuple(PAPERS))

    text = sms_text(LONGEST_CODE, told, KNOWN)

    assert len(text) <= LONGEST_SMS
    assert "xem lý do trên cổng đã nộp hồ sơ" in text


@pytest.mark.parametrize("row", list(KNOWN.return_reasons), ids=lambda row: row.code)
def test_given_one_reason_of_the_list_then_the_sms_says_it(row):
    told = news("returned", kind=row.kind.value, reasons=(row.code,), papers=("passport_copy",))

    text = sms_text(LONGEST_CODE, told, KNOWN)

    assert row.text_vi.rstrip(".") in text
    assert "bản sao hộ chiếu" in text


def test_given_a_reason_and_a_paper_out_of_the_lists_then_the_portal_is_pointed_to():
    told = news("returned", kind="supplement", reasons=("new_one",), papers=("new_a", "new_b"))

    assert sms_text(A_CODE, told, KNOWN) == (
        f"Hồ sơ {A_CODE} cần bổ sung: giấy tờ cần nộp: giấy tờ được nêu trên cổng đã nộp hồ sơ;"
        " vui lòng nộp bổ sung trên cổng đã nộp hồ sơ."
    )
    bare = news("returned", kind="supplement", reasons=("new_one",))
    assert sms_text(A_CODE, bare, KNOWN) == (
        f"Hồ sơ {A_CODE} cần bổ sung; vui lòng nộp bổ sung trên cổng đã nộp hồ sơ."
    )


def test_given_the_reference_data_then_every_paper_a_procedure_asks_for_has_a_name():
    asked = {paper for row in KNOWN.procedures for paper in row.attachments}

    assert asked <= set(PAPERS)


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
        (SUPPLEMENT, "cần bổ sung"),
        (REFUSED, "không được giải quyết"),
        (ELSEWHERE, "nộp chưa đúng cơ quan giải quyết"),
    ],
)
def test_given_a_step_then_the_subject_says_it(told, subject):
    assert mail_subject(A_CODE, told) == f"Hồ sơ {A_CODE} {subject}"


EFFECT = UUID("6f0f2c1e-0000-5000-8000-00000000000b")
REQUEST = MailRequest(
    to="thu@example.com",
    subject=mail_subject(A_CODE, SUPPLEMENT),
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
