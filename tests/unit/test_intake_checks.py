"""What a submission must fulfil on its day: each rule from both sides, all problems at once."""

import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contracts.model import VIETNAM
from contracts.portal import FieldProblem, Submission
from intake.checks import law_day
from intake.domain import Party
from intake.reading import (
    MOST_PROBLEMS,
    check_event,
    check_submission,
    fingerprint_of,
)
from plumbing.strict_json import BrokenJson, read_json
from reference import Reference, load, load_from
from reference.loading import DATA
from tests.unit.intake_kit import NATIONAL, NOW, a_birth, a_death, an_event

LAW = load()
LETTER_DAY = datetime(2021, 11, 15, 3, 0, tzinfo=UTC)
DIRECT = Party("moj-direct", "moj-direct", frozenset({"*"}))
PROVINCIAL_79 = Party("provincial-portal-79", "provincial-portal", frozenset({"79"}))
ONLINE = "NĐ 87/2020/NĐ-CP, Điều 12"
PLACES = "Danh mục đơn vị hành chính; NQ 202/2025/QH15; QĐ 19/2025/QĐ-TTg"
NATIONAL_ONLY = "Nộp hồ sơ qua Cổng dịch vụ công quốc gia (dichvucong.gov.vn)."
EITHER_PORTAL = "Nộp hồ sơ qua Cổng dịch vụ công quốc gia hoặc Cổng dịch vụ công cấp tỉnh."
SCHEMA = "Đặc tả dữ liệu Submission v1"
MISSING = "Thiếu trường bắt buộc."


def check(document: Any, party: Party = NATIONAL, now: datetime = NOW) -> Any:
    return check_submission(document, party, now, LAW)


def rules(document: Any, party: Party = NATIONAL, now: datetime = NOW) -> list[tuple[str, str]]:
    found = check(document, party, now)
    return [] if isinstance(found, Submission) else [(one.field, one.rule) for one in found]


def of_2021(**changes: Any) -> dict[str, Any]:
    form = a_birth()["form"]
    form = form | {"child": form["child"] | {"born_on": "2021-11-10"}}
    places = {"unit_code": "26734", "residence_unit_code": "26734"}
    return a_birth(form=form, submitted_at="2021-11-15T10:00:00+07:00", **places) | changes


def test_given_everything_in_order_then_the_submission_is_given_back():
    assert check(a_birth()) == Submission.model_validate(a_birth())


def test_given_an_unknown_procedure_then_it_is_named():
    assert check(a_birth(procedure_code="9.999999")) == (
        FieldProblem(
            field="procedure_code",
            rule="procedure.unknown",
            detail="Thủ tục không có trong danh mục đang có hiệu lực.",
            source="Danh mục thủ tục hành chính lĩnh vực hộ tịch",
        ),
    )


def test_given_a_procedure_without_an_electronic_form_then_it_is_named():
    assert rules(a_birth(procedure_code="1.004837")) == [("procedure_code", "procedure.no_form")]


def test_given_the_form_of_another_procedure_then_the_right_form_is_told():
    assert check(a_birth(procedure_code="1.000894")) == (
        FieldProblem(
            field="form.kind",
            rule="form.other_procedure",
            detail="Thủ tục «Đăng ký kết hôn» dùng biểu mẫu «marriage».",
            source="NĐ 120/2025/NĐ-CP, Điều 4",
        ),
    )


def test_given_a_merged_province_then_its_successor_is_told():
    assert check(a_birth(province_code="74"))[0] == FieldProblem(
        field="province_code",
        rule="province.unknown",
        detail="Bình Dương đã được sắp xếp; dùng mã tỉnh 79.",
        source=PLACES,
    )


def test_given_a_merged_commune_then_its_successors_are_told():
    assert check(a_birth(unit_code="26734")) == (
        FieldProblem(
            field="unit_code",
            rule="unit.unknown",
            detail="Phường Tân Định đã được sắp xếp; dùng mã 26737.",
            source=PLACES,
        ),
    )


def test_given_a_residence_that_does_not_exist_then_it_is_named():
    assert rules(a_birth(residence_unit_code="99999")) == [("residence_unit_code", "unit.unknown")]


def test_given_a_commune_of_another_province_then_its_own_is_told():
    assert check(a_birth(unit_code="20194")) == (
        FieldProblem(
            field="unit_code",
            rule="unit.other_province",
            detail="Phường Hải Vân thuộc tỉnh, thành phố có mã 48.",
            source="QĐ 19/2025/QĐ-TTg",
        ),
    )


def test_given_the_direct_form_after_its_end_then_the_lawful_way_is_told():
    assert check(a_birth(), DIRECT) == (
        FieldProblem(
            field="channel",
            rule="channel.closed",
            detail=f"Kênh này không được nộp hồ sơ. {NATIONAL_ONLY}",
            source="Công văn Cục CNTT, Bộ Tư pháp, 12/10/2021",
        ),
    )


def test_given_the_letters_regime_when_the_direct_form_submits_then_it_may():
    assert rules(of_2021(), DIRECT, LETTER_DAY) == []


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (datetime(2022, 3, 31, 16, 59, 59, tzinfo=UTC), []),
        (datetime(2022, 3, 31, 17, 0, 0, tzinfo=UTC), [("channel", "channel.closed")]),
    ],
)
def test_given_the_last_night_of_the_direct_form_then_midnight_in_vietnam_decides(now, found):
    assert rules(of_2021(submitted_at=now.isoformat()), DIRECT, now) == found


@pytest.fixture
def moved(tmp_path: Path) -> Reference:
    """Return the law with a cut-over of province 79 on 1 December 2021 and three days of grace."""
    folder = Path(shutil.copytree(DATA, tmp_path / "data"))
    lines = (folder / "moves.csv").read_text("utf-8").splitlines(keepends=True)
    others = [line for line in lines if not line.startswith("79,")]
    rows = [
        "79,dual,0,2016-01-01,2021-11-30,dual,test,low\n",
        "79,portal-only,3,2021-12-01,,over,test,low\n",
    ]
    (folder / "moves.csv").write_text("".join(others + rows), "utf-8")
    return load_from(folder)


@pytest.mark.parametrize(
    ("submitted_at", "found"),
    [
        ("2021-11-30T23:59:59+07:00", []),
        ("2021-11-30T17:00:00Z", ["channel.closed"]),
        ("2021-12-02T10:00:00+07:00", ["channel.closed"]),
        ("2021-10-01T10:00:00+07:00", ["channel.closed", "submitted_at.too_old"]),
        ("0001-01-01T00:00:00+14:00", ["channel.closed", "submitted_at.too_old"]),
        ("9999-12-31T23:59:59-14:00", ["channel.closed", "submitted_at.future"]),
    ],
)
def test_given_days_of_grace_then_the_day_of_submission_decides(moved, submitted_at, found):
    document = of_2021(submitted_at=submitted_at)

    checked = check_submission(document, DIRECT, datetime(2021, 12, 3, 3, 0, tzinfo=UTC), moved)

    rules = [] if isinstance(checked, Submission) else [one.rule for one in checked]
    assert rules == found


def test_given_the_direct_form_outside_the_seven_provinces_then_it_never_may():
    document = of_2021(province_code="01", unit_code="00001")

    assert ("channel", "channel.province") in rules(document, DIRECT, LETTER_DAY)


@pytest.mark.parametrize(
    ("now", "found"),
    [
        (datetime(2025, 6, 30, 16, 59, 59, tzinfo=UTC), []),
        (
            datetime(2025, 6, 30, 17, 0, 0, tzinfo=UTC),
            [
                ("unit_code", "unit.unknown"),
                ("residence_unit_code", "unit.unknown"),
                ("channel", "channel.closed"),
            ],
        ),
    ],
)
def test_given_a_provincial_portal_then_it_may_until_the_end_of_june_2025(now, found):
    assert rules(of_2021(submitted_at=now.isoformat()), PROVINCIAL_79, now) == found


@pytest.mark.parametrize(
    ("age", "found"),
    [
        (timedelta(days=30), []),
        (timedelta(days=30, microseconds=1), [("submitted_at", "submitted_at.too_old")]),
        (timedelta(days=700_000), [("submitted_at", "submitted_at.too_old")]),
    ],
)
def test_given_a_submission_a_portal_held_back_then_thirty_days_are_the_most(age, found):
    document = a_birth(submitted_at=(NOW - age).isoformat())
    document["form"]["child"]["born_on"] = "2026-10-01"

    assert rules(document) == found


@pytest.mark.parametrize("submitted_at", [12, "12", -99999999999, 1.5, True])
def test_given_an_instant_that_is_no_text_of_one_then_it_is_named(submitted_at):
    assert "submitted_at" in {field for field, _ in rules(a_birth(submitted_at=submitted_at))}


@pytest.mark.parametrize("born_on", [0, "0001-01-01", "1799-12-31", 20260101])
def test_given_a_birth_date_that_is_none_then_it_is_named(born_on):
    document = a_birth()
    document["form"]["child"]["born_on"] = born_on

    assert "form.child.born_on" in {field for field, _ in rules(document)}


@pytest.mark.parametrize("name", ["An\x00", "An\r\nTo", "An\u202enA", "\u200b"])
def test_given_a_name_with_what_is_not_seen_then_it_is_named(name):
    document = a_birth()
    document["form"]["child"]["full_name"] = name

    assert "form.child.full_name" in {field for field, _ in rules(document)}


def test_given_a_portal_of_one_province_when_it_submits_for_another_then_it_is_refused():
    party = Party("provincial-portal-48", "provincial-portal", frozenset({"48"}))

    assert check(of_2021(), party, LETTER_DAY) == (
        FieldProblem(
            field="province_code",
            rule="province.not_of_portal",
            detail="Cổng này không được nộp hồ sơ cho tỉnh, thành phố đã khai.",
            source=ONLINE,
        ),
    )


@pytest.mark.parametrize(
    ("ahead", "found"),
    [
        (timedelta(minutes=5), []),
        (timedelta(minutes=5, microseconds=1), [("submitted_at", "submitted_at.future")]),
    ],
)
def test_given_a_portals_clock_ahead_then_five_minutes_are_let_pass(ahead, found):
    assert rules(a_birth(submitted_at=(NOW + ahead).isoformat())) == found


def test_given_both_ways_of_being_told_when_no_contact_is_declared_then_both_are_missing():
    applicant = {"full_name": "Trần Văn Thử", "personal_number": "000096123456"}

    assert rules(a_birth(applicant=applicant, notify_by=["sms", "email"])) == [
        ("applicant.phone", "contact.missing"),
        ("applicant.email", "contact.missing"),
    ]


def test_given_a_contact_that_is_malformed_then_only_its_form_is_wrong():
    applicant = a_birth()["applicant"] | {"phone": "0900 000 123"}

    assert rules(a_birth(applicant=applicant)) == [("applicant.phone", "string_pattern_mismatch")]


@pytest.mark.parametrize(
    ("died_on", "found"),
    [("1950-01-02", []), ("1950-01-01", [("form.died_on", "death.before_birth")])],
)
def test_given_a_death_then_it_is_not_before_the_birth(died_on, found):
    assert rules(a_death("1950-01-02", died_on)) == found


@pytest.mark.parametrize(
    ("submitted_at", "found"),
    [
        ("2026-11-19T16:59:59Z", [("form.child.born_on", "date_in_future")]),
        ("2026-11-19T17:00:00Z", []),
    ],
)
def test_given_a_birth_then_its_day_has_come_in_vietnam_when_it_is_submitted(submitted_at, found):
    assert rules(a_birth(submitted_at=submitted_at)) == found


MERGER = datetime(2025, 7, 1, 0, 10, tzinfo=VIETNAM)


def of_the_merger(code: str, submitted_at: str, province_code: str = "79") -> dict[str, Any]:
    """Return a birth of June 2025 handed in at a commune with that code."""
    form = a_birth()["form"]
    form = form | {"child": form["child"] | {"born_on": "2025-06-20"}}
    places = {"unit_code": code, "residence_unit_code": code, "province_code": province_code}
    return a_birth(form=form, submitted_at=submitted_at, **places)


@pytest.mark.parametrize(
    ("code", "province_code", "evening", "morning"),
    [
        ("26734", "79", [], ["unit.unknown", "unit.unknown"]),
        ("26737", "79", [], []),
        ("25822", "74", [], ["province.unknown", "unit.other_province"]),
        ("25822", "79", ["unit.other_province"], []),
    ],
    ids=["ended", "goes on", "ended with its province", "another place later"],
)
def test_given_the_night_of_the_merger_then_the_day_of_submission_decides(
    code, province_code, evening, morning
):
    found = [
        [rule for _, rule in rules(of_the_merger(code, at, province_code), now=MERGER)]
        for at in ("2025-06-30T23:50:00+07:00", "2025-07-01T00:05:00+07:00")
    ]

    assert found == [evening, morning]


def test_given_a_unit_that_begins_tomorrow_then_it_is_not_there_yet():
    o, n = date(2025, 6, 30), date(2025, 7, 1)
    code = next(
        unit.code
        for unit in LAW.units
        if unit.is_valid(n) and unit.province_code == "79" and LAW.unit(unit.code, o) is None
    )

    evening, morning = (
        rules(of_the_merger(code, at), now=MERGER)
        for at in ("2025-06-30T23:50:00+07:00", "2025-07-01T00:05:00+07:00")
    )

    assert evening == [("unit_code", "unit.unknown"), ("residence_unit_code", "unit.unknown")]
    assert morning == []


@pytest.mark.parametrize(
    ("submitted_at", "found"),
    [
        ("2025-06-30T23:59:59+07:00", []),
        ("2025-07-01T00:00:00+07:00", [("channel", "channel.closed")]),
    ],
)
def test_given_a_portal_that_closed_tonight_then_what_it_took_before_is_taken(submitted_at, found):
    document = of_the_merger("26737", submitted_at)

    assert rules(document, PROVINCIAL_79, MERGER) == found


@pytest.mark.parametrize(
    ("submitted_at", "found"),
    [
        ("2021-10-11T23:59:59+07:00", [("channel", "channel.not_yet_open")]),
        ("2021-10-12T00:00:00+07:00", []),
    ],
)
def test_given_a_portal_that_opened_tonight_then_it_was_not_open_before(submitted_at, found):
    document = of_2021(submitted_at=submitted_at)
    document["form"]["child"]["born_on"] = "2021-10-01"

    assert rules(document, now=datetime(2021, 10, 12, 0, 10, tzinfo=VIETNAM)) == found


@pytest.mark.parametrize(
    ("submitted_at", "day"),
    [
        (None, date(2026, 11, 24)),
        (NOW - timedelta(days=30), date(2026, 10, 25)),
        (NOW - timedelta(days=30, microseconds=1), date(2026, 11, 24)),
        (datetime(2026, 11, 23, 17, tzinfo=UTC), date(2026, 11, 24)),
        (datetime(2026, 11, 23, 16, 59, 59, tzinfo=UTC), date(2026, 11, 23)),
        (NOW + timedelta(days=1), date(2026, 11, 24)),
    ],
)
def test_given_a_time_of_submission_then_its_day_counts_while_it_may_be_true(submitted_at, day):
    assert law_day(submitted_at, NOW) == day


def test_given_a_clock_ahead_over_midnight_then_the_next_day_counts():
    now = datetime(2026, 11, 24, 16, 58, tzinfo=UTC)

    assert law_day(now + timedelta(minutes=5), now) == date(2026, 11, 25)
    assert law_day(now + timedelta(minutes=6), now) == date(2026, 11, 24)


def test_given_broken_fields_then_every_problem_is_told_at_once():
    form = a_birth()["form"] | {"relation": "aunt"}
    document = a_birth(form=form, unit_code="20194", procedure_code="9.999999", colour="red")
    del document["residence_unit_code"]

    assert rules(document, DIRECT) == [
        ("residence_unit_code", "missing"),
        ("form.relation", "literal_error"),
        ("colour", "extra_forbidden"),
        ("procedure_code", "procedure.unknown"),
        ("unit_code", "unit.other_province"),
        ("channel", "channel.closed"),
    ]


@pytest.mark.parametrize("document", [None, [], 7, "text", {}])
def test_given_no_submission_at_all_then_that_is_what_is_wrong(document):
    assert {rule for _, rule in rules(document)} <= {"missing", "model_type"}
    assert rules(document)


def test_given_a_missing_field_then_it_is_told_in_words_with_its_source():
    document = a_birth()
    del document["form"]["mother"]["ethnicity"], document["attachments"]

    assert check(document) == (
        FieldProblem(field="form.mother.ethnicity", rule="missing", detail=MISSING, source=SCHEMA),
    )


def test_given_ten_thousand_unknown_fields_then_the_answer_stays_short():
    document = a_birth() | {f"{n:05d}" + "x" * 500: n for n in range(10_000)}

    found = check(document)

    assert len(found) == MOST_PROBLEMS
    assert max(len(one.field) for one in found) == 160


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"\xff", b"NaN", b'{"a": Infinity}', b'"\\ud800"', b"[" * 100_000, b"1" * 5000],
)
def test_given_bytes_that_are_no_json_then_they_are_broken(body):
    with pytest.raises(BrokenJson):
        read_json(body)


def test_given_other_spaces_and_order_then_the_fingerprint_is_the_same():
    assert fingerprint_of(read_json(b'{"a":1,"b":[2]}')) == fingerprint_of(
        read_json(b'{ "b" : [2],  "a" : 1 }')
    )


def test_given_another_value_then_the_fingerprint_is_another():
    assert fingerprint_of({"a": 1}) != fingerprint_of({"a": "1"})


def on_bus(event: Any, key: str = "DVCQG-1") -> list[tuple[str, str]]:
    found = check_event(event, key, NATIONAL, NOW, LAW)
    return [] if isinstance(found, Submission) else [(one.field, one.rule) for one in found]


def test_given_the_same_problems_on_the_bus_then_they_have_the_same_names():
    document = a_birth(unit_code="20194", colour="red")
    del document["form"]["relation"]

    assert on_bus(an_event(document)) == rules(document)


def test_given_the_key_of_another_reference_then_the_field_is_named():
    assert on_bus(an_event(a_birth()), "DVCQG-2") == [("portal_reference", "key_mismatch")]


def test_given_the_source_of_another_portal_then_it_is_named():
    event = an_event(a_birth(), source="/portals/moj-direct")

    assert on_bus(event) == [("source", "source_mismatch")]


def test_given_another_type_of_event_then_it_is_named():
    assert on_bus(an_event(a_birth(), type="vn.hotich.other.v1")) == [("type", "literal_error")]
