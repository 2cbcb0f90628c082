"""What the citizen reads on the phone at each step, word for word."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

import reference
from contracts.model import VIETNAM, DossierCode
from notifier.correspondence import News
from notifier.messages import LONGEST_SMS, sms_text
from notifier.wording import in_words
from tests.unit.builders import A_CODE, A_DOSSIER, NEXT_UNIT, NOW

KNOWN = reference.load()
LONGEST_CODE: DossierCode = "H29.ABCDE.ABCDE.ABCDE.ABCDE.ABCDE-20261124-0000001"
#: A withdrawal has one reason only, which needs no saying.
TOLD_REASONS = [row for row in KNOWN.act_reasons if row.act != "withdraw"]
LONGEST_UNIT = max(KNOWN.units, key=lambda unit: len(unit.name))


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

AT = datetime(2026, 11, 24, 17, tzinfo=VIETNAM).astimezone(UTC)
WHEN = "17:00 Thứ Ba, 24/11/2026"

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


SMS += [
    (
        news("resubmitted"),
        f"Hồ sơ {A_CODE} đã nhận được phần bổ sung; vui lòng chờ thông báo của cơ quan giải quyết.",
    ),
    (
        news("forwarded", reasons=("merger",), unit_code=NEXT_UNIT),
        f"Hồ sơ {A_CODE} đã được chuyển đến Ủy ban nhân dân Phường Sài Gòn: Đơn vị hành chính đã"
        " được sắp xếp; hồ sơ được chuyển cho đơn vị kế thừa; không cần nộp lại hồ sơ.",
    ),
    (
        news("forwarded", reasons=("new_one",), unit_code="99999"),
        f"Hồ sơ {A_CODE} đã được chuyển đến cơ quan có thẩm quyền; không cần nộp lại hồ sơ.",
    ),
    (
        news("accepted", due_at=AT),
        f"Hồ sơ {A_CODE} đã được tiếp nhận; hẹn trả kết quả {WHEN}; chưa cần làm gì thêm.",
    ),
    (
        replace(SUPPLEMENT, papers=(), due_at=AT),
        f"Hồ sơ {A_CODE} cần bổ sung: Hồ sơ còn thiếu giấy tờ; đề nghị bổ sung giấy tờ được nêu;"
        f" vui lòng nộp bổ sung trên cổng đã nộp hồ sơ, chậm nhất {WHEN}.",
    ),
    (
        news("rescheduled", kind="apology", reasons=("system_outage",), due_at=AT),
        f"Xin lỗi, hồ sơ {A_CODE} chậm trả kết quả: Hệ thống thông tin hoặc phần mềm gặp sự cố;"
        f" hẹn lại ngày trả kết quả: {WHEN}.",
    ),
    (
        news("rescheduled", kind="verification", reasons=("verify_information",), due_at=AT),
        f"Hồ sơ {A_CODE} cần xác minh thêm: Cần xác minh thông tin tại cơ quan đăng ký hộ tịch"
        f" hoặc cơ quan khác; hẹn trả kết quả {WHEN}.",
    ),
    (
        news("stopped", reasons=("waiting_other_authority",)),
        f"Hồ sơ {A_CODE} tạm dừng giải quyết: Đang chờ cơ quan khác trả lời hoặc giải quyết việc"
        " liên quan; vui lòng chờ thông báo khi giải quyết tiếp.",
    ),
    (
        news("stopped", reasons=("supplement_not_received",), final=True),
        f"Hồ sơ {A_CODE} đã dừng giải quyết và kết thúc: Đã hết thời hạn bổ sung mà không nhận"
        " được hồ sơ bổ sung nên dừng giải quyết; nếu vẫn có nhu cầu, vui lòng nộp hồ sơ mới.",
    ),
    (
        news("resumed", due_at=AT),
        f"Hồ sơ {A_CODE} được giải quyết tiếp; hẹn trả kết quả {WHEN}.",
    ),
    (
        news("resumed"),
        f"Hồ sơ {A_CODE} được giải quyết tiếp; vui lòng chờ thông báo tiếp theo.",
    ),
    (
        news("submitted", kind="imported"),
        f"Hồ sơ {A_CODE} đã được chuyển sang hệ thống mới; mã hồ sơ giữ nguyên, không cần nộp lại;"
        " vui lòng chờ thông báo tiếp theo.",
    ),
    (
        news("registered", crossed=True),
        f"Hồ sơ {A_CODE} đã được đăng ký dù trước đó đã kết thúc; vui lòng liên hệ Ủy ban nhân dân"
        " nơi giải quyết để được hướng dẫn.",
    ),
    (
        news("withdrawn", crossed=True),
        f"Hồ sơ {A_CODE} đã được rút và không giải quyết tiếp; tuy nhiên việc hộ tịch đã được đăng"
        " ký, vui lòng liên hệ Ủy ban nhân dân nơi giải quyết.",
    ),
    (
        news("withdrawn"),
        f"Hồ sơ {A_CODE} đã được rút và không giải quyết tiếp; nếu không yêu cầu rút, vui lòng"
        " liên hệ Ủy ban nhân dân nơi nhận hồ sơ.",
    ),
]


@pytest.mark.parametrize(("told", "text"), SMS)
def test_given_a_step_then_the_sms_says_what_happened_and_what_to_do(told, text):
    assert sms_text(A_CODE, told, KNOWN) == text


@pytest.mark.parametrize("step", ["submitted", "accepted", "registered", "resumed"])
def test_given_the_usual_steps_then_the_sms_fits_160_characters(step):
    due = {"accepted": AT, "resumed": AT}.get(step)

    assert len(sms_text("H29.26737-20261124-0000001", news(step, due_at=due), KNOWN)) <= 160


@pytest.mark.parametrize(
    ("step", "kind"),
    [
        ("accepted", None),
        ("resumed", None),
        ("rescheduled", "apology"),
        ("rescheduled", "verification"),
        ("returned", "supplement"),
    ],
)
def test_given_a_day_that_was_over_when_set_then_it_is_not_said(step, kind):
    over, just_now = (
        sms_text(A_CODE, news(step, kind=kind, due_at=NOW - before), KNOWN)
        for before in (timedelta(seconds=1), timedelta(0))
    )

    assert in_words(NOW) in just_now
    assert "/2026" not in over


@pytest.mark.parametrize("row", TOLD_REASONS, ids=lambda row: f"{row.act}-{row.code}")
def test_given_one_reason_for_an_act_then_the_sms_says_it(row):
    steps = {"stop": "stopped", "forward": "forwarded"}
    told = news(
        steps.get(row.act, "rescheduled"),
        kind=None if row.act in steps else row.act,
        reasons=(row.code,),
        unit_code=LONGEST_UNIT.code,
        due_at=AT,
    )

    text = sms_text(LONGEST_CODE, told, KNOWN)

    assert row.text_vi.rstrip(".") in text
    assert len(text) <= LONGEST_SMS


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ((2026, 11, 23, 11, 30), "11:30 Thứ Hai, 23/11/2026"),
        ((2026, 11, 24, 17, 0), WHEN),
        ((2026, 11, 25, 7, 5), "07:05 Thứ Tư, 25/11/2026"),
        ((2026, 11, 26, 0, 0), "00:00 Thứ Năm, 26/11/2026"),
        ((2026, 11, 27, 23, 59), "23:59 Thứ Sáu, 27/11/2026"),
        ((2026, 11, 28, 6, 59), "06:59 Thứ Bảy, 28/11/2026"),
        ((2027, 1, 3, 17, 0), "17:00 Chủ Nhật, 03/01/2027"),
    ],
)
def test_given_a_moment_then_it_is_said_in_vietnams_time(at, words):
    assert in_words(datetime(*at, tzinfo=VIETNAM).astimezone(UTC)) == words


def test_given_the_day_before_the_merger_then_the_unit_of_that_day_is_named():
    eve = datetime(2025, 6, 30, 23, 59, tzinfo=VIETNAM).astimezone(UTC)
    before, after = (
        replace(news("forwarded", unit_code=NEXT_UNIT), occurred_at=at)
        for at in (eve, eve + timedelta(minutes=1))
    )

    assert "Ủy ban nhân dân Phường Bến Nghé;" in sms_text(A_CODE, before, KNOWN)
    assert "Ủy ban nhân dân Phường Sài Gòn;" in sms_text(A_CODE, after, KNOWN)


@pytest.mark.parametrize("kind", ["supplement", "refused", "wrong_authority"])
def test_given_any_return_then_the_sms_is_never_longer_than_its_limit(kind):
    every = tuple(row.code for row in KNOWN.return_reasons)
    told = news(
        "returned", kind=kind, reasons=every, papers=tuple(paper.code for paper in KNOWN.papers)
    )

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
