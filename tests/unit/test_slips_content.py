"""What a slip says: the form of the day, the reasons, the deadline and what the citizen is owed."""

from datetime import datetime

import pytest

from contracts.events import EVENTS as ALL
from contracts.events import Routed, Stopped
from reference.rows import ReturnKind
from routing.domain import slip_key
from routing.slips.building import slip_of
from routing.slips.content import Slip
from routing.slips.layout import page_of
from routing.slips.papers import paper_names
from routing.slips.places import Place, place_of
from tests.unit.slips_kit import (
    ACCEPTED,
    APOLOGY,
    CITIZEN,
    CODE,
    EVENTS,
    LAW,
    NOW,
    OFFICER,
    OLD,
    REFUSED,
    STOPPED,
    SUPPLEMENT,
    a_dossier,
    a_due,
    a_slip,
    moment,
)

LAST_OF_2018 = moment("2025-09-14 23:59")
FIRST_OF_2025 = moment("2025-09-15 00:00")


def test_an_acceptance_says_what_was_handed_in_when_and_when_the_result_is_there() -> None:
    slip = a_slip("acceptance")

    assert slip == Slip(
        key="acceptance",
        number="01",
        title="Giấy tiếp nhận hồ sơ và hẹn trả kết quả",
        form_source="TT 03/2025/TT-VPCP",
        authority="Ủy ban nhân dân phường Sài Gòn",
        locality="Sài Gòn",
        province="Hồ Chí Minh",
        dossier_code=CODE,
        procedure="Đăng ký khai sinh",
        issued_at=NOW,
        officer=OFFICER,
        citizen=CITIZEN,
        papers=("Giấy chứng sinh",),
        received_at="08:30 Thứ Ba, 24/11/2026",
        due="17:00 Thứ Ba, 24/11/2026",
        explanation=("Hết thời hạn (căn cứ: Luật Hộ tịch 2014, Điều 16).",),
        result_place="Bộ phận Một cửa, Ủy ban nhân dân phường Sài Gòn",
        notes=slip.notes,
        legal_basis=("NĐ 120/2025/NĐ-CP, Điều 4", "Luật Hộ tịch 2014, Điều 16"),
    )
    assert "Giữ kín mã hồ sơ" in slip.notes[0]


def test_a_request_to_complete_names_every_paper_reason_and_the_last_day() -> None:
    slip = a_slip("supplement")

    assert (slip.number, slip.papers, slip.due) == (
        "02",
        ("Giấy chứng sinh",),
        "17:00 Thứ Năm, 03/12/2026",
    )
    assert slip.reasons == ("Hồ sơ còn thiếu giấy tờ; đề nghị bổ sung giấy tờ được nêu.",)


def test_a_refusal_gives_its_reason_in_writing_with_the_article() -> None:
    slip = a_slip("refusal")

    assert slip.number == "03"
    assert slip.reasons == (
        "Người yêu cầu không đủ điều kiện đăng ký hộ tịch theo quy định của pháp luật.",
    )
    assert "Luật Hộ tịch 2014, Điều 5(2)" in slip.legal_basis


def test_an_apology_names_the_old_day_the_new_one_and_why() -> None:
    slip = a_slip("apology")

    assert (slip.number, slip.due, slip.new_due) == (
        "04",
        "Thứ Năm, 26/11/2026",
        "17:00 Thứ Hai, 30/11/2026",
    )
    assert slip.reasons == ("Hệ thống thông tin hoặc phần mềm gặp sự cố.",)
    assert "xin lỗi" in page_of(slip).closing[0]


def test_a_verification_moves_the_day_without_an_apology() -> None:
    verified = APOLOGY.model_copy(update={"kind": "verification", "reason": "verify_information"})

    slip = slip_of(a_dossier(), verified, NOW, LAW)

    assert slip is not None
    assert slip.reasons == (
        "Cần xác minh thông tin tại cơ quan đăng ký hộ tịch hoặc cơ quan khác.",
    )
    assert "xin lỗi" not in " ".join((page_of(slip).lead, *page_of(slip).closing))


def test_a_stop_for_good_says_so_and_a_stop_for_a_time_says_that_no_deadline_runs() -> None:
    final = Stopped(reason="supplement_not_received", final=True, actor="automatic")

    for_good = slip_of(a_dossier(), final, NOW, LAW)

    assert for_good is not None
    assert (for_good.number, for_good.final) == ("05", True)
    assert "kết thúc" in page_of(for_good).closing[0]
    assert "thời hạn giải quyết không tính" in page_of(a_slip("stop")).closing[0]


@pytest.mark.parametrize(
    ("at", "number", "source"),
    [(LAST_OF_2018, "04", "TT 01/2018/TT-VPCP"), (FIRST_OF_2025, "04", "TT 03/2025/TT-VPCP")],
)
def test_the_form_is_that_of_the_day_of_issue(at: datetime, number: str, source: str) -> None:
    slip = a_slip("apology", at)

    assert (slip.number, slip.form_source) == (number, source)


def test_before_15_september_2025_there_is_no_slip_for_a_stop() -> None:
    assert slip_of(a_dossier(), STOPPED, LAST_OF_2018, LAW) is None
    assert slip_of(a_dossier(), STOPPED, FIRST_OF_2025, LAW) is not None


def test_a_slip_of_2021_names_the_commune_of_2021() -> None:
    slip = a_slip("acceptance", OLD)

    assert (slip.authority, slip.locality) == ("Ủy ban nhân dân phường Bến Nghé", "Bến Nghé")


def test_an_acceptance_stays_with_the_unit_that_gave_it_when_the_dossier_moves_on() -> None:
    slip = a_slip("acceptance", unit_code="26737")

    assert slip.authority == "Ủy ban nhân dân phường Sài Gòn"


@pytest.mark.parametrize("key", EVENTS)
def test_every_slip_is_told_apart_by_its_event(key: str) -> None:
    assert slip_key(EVENTS[key]) == key
    assert a_slip(key).key == key


def test_only_five_kinds_of_event_are_put_on_a_slip() -> None:
    routed = Routed(unit_code="26740", reference_version="0")

    assert slip_key(routed) is None
    assert slip_of(a_dossier(), routed, NOW, LAW) is None
    assert len(ALL) > len(EVENTS)


def test_a_return_to_the_competent_authority_is_a_refusal() -> None:
    wrong = REFUSED.model_copy(update={"kind": "wrong_authority", "reasons": ("not_competent",)})

    assert slip_key(wrong) == "refusal"


def test_a_moment_is_shown_as_vietnam_has_it() -> None:
    due = a_due("2026-11-25 00:30")
    utc = due.model_copy(update={"due_at": moment("2026-11-25 00:30").astimezone(tz=None)})

    slip = slip_of(a_dossier(), ACCEPTED.model_copy(update={"due": utc}), NOW, LAW)

    assert slip is not None
    assert slip.due == "00:30 Thứ Tư, 25/11/2026"


def test_reasons_come_from_the_closed_list_and_each_source_is_named_once() -> None:
    twice = SUPPLEMENT.model_copy(update={"reasons": ("missing_paper", "paper_unreadable")})

    slip = slip_of(a_dossier(), twice, NOW, LAW)

    assert slip is not None
    assert len(slip.reasons) == 2
    assert len(set(slip.legal_basis)) == len(slip.legal_basis)
    assert {row.kind for row in LAW.return_reasons if row.text_vi in slip.reasons} == {
        ReturnKind.SUPPLEMENT
    }


def test_a_place_with_a_number_keeps_its_kind_and_an_unknown_one_its_code() -> None:
    numbered = next(unit for unit in LAW.units if unit.name == "Phường 14")

    named = place_of(numbered.code, numbered.valid_from, LAW)

    assert (named.authority, named.locality) == ("Ủy ban nhân dân Phường 14", "Phường 14")
    assert place_of("99999", NOW.date(), LAW) == Place(
        "Ủy ban nhân dân (99999)", "99999", "99999", ""
    )


def test_a_paper_has_its_vietnamese_name_and_an_unknown_one_is_said_to_be_another() -> None:
    assert paper_names(("what", "birth_notification", "ever"), LAW) == (
        "Giấy tờ khác",
        "Giấy chứng sinh",
    )
