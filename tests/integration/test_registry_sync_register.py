"""What the client makes of a register that is slow to forget, moved, or asked for nothing."""

import json
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from contracts.particulars import Particulars
from plumbing.calls import Answer, Call
from registry_sync.asking import MOST_QUESTIONS, ask_in_parts
from registry_sync.registration import LEEWAY
from registry_sync.results import RegisterMisspoke, Results
from tests.integration.notifier_kit import an_sms, in_doubt
from tests.integration.register_double import TAKEN_BEFORE, RegisterDouble, serving, shown
from tests.unit.builders import A_CODE, A_UNIT, BIRTH, NOW, some_particulars

LINE = {"ngayDangKy": "24.11.2026", "soDangKy": "7", "quyenSo": "01/2026"}


def a_push(round_: int = 2, particulars: Particulars | None = None, **changes: Any) -> Call:
    request = {
        "dossier_code": A_CODE,
        "unit_code": A_UNIT,
        "province_code": "79",
        "told_province": "79",
        "procedure_code": BIRTH,
        "accepted_at": NOW.isoformat(),
        "pushed_at": NOW.isoformat(),
        "particulars": (particulars or some_particulars()).model_dump(mode="json"),
    }
    body = json.dumps(request | changes).encode()
    return replace(an_sms(), kind="push" if round_ == 1 else f"push:{round_}", request=body)


def a_state(status: int, **changes: Any) -> dict[str, Any]:
    told = {"maHoSoMCDT": A_CODE, "trangThai": status, "thoiGianThucHien": shown(NOW)}
    return told | changes


UNREAD = {"status": 0}
SAID = TAKEN_BEFORE["errorDescription"]
OLD = shown(NOW - LEEWAY - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("state", "answer"),
    [
        (a_state(2, thoiGianThucHien=OLD), Answer("unknown", "supplement_not_taken", words=SAID)),
        (
            a_state(2, thoiGianThucHien="hôm qua"),
            Answer("unknown", "supplement_not_taken", words=SAID),
        ),
        (a_state(2), Answer("done", "taken_before", words=SAID)),
        (a_state(1, thoiGianThucHien=OLD), Answer("done", "taken_before", words=SAID)),
        (a_state(3, thoiGianThucHien=OLD), Answer("done", "taken_before", words=SAID)),
    ],
)
async def test_given_taken_before_to_a_supplement_then_a_success_unless_asked_for_as_before(
    state: dict[str, Any], answer: Answer
):
    async with serving(RegisterDouble(states={"79": [state]})) as register:
        assert await register.push(a_push()) == answer


async def test_given_taken_before_to_a_first_push_then_nothing_is_asked():
    double = RegisterDouble(states={"79": [a_state(2, thoiGianThucHien=OLD)]})

    async with serving(double) as register:
        assert await register.push(a_push(1)) == Answer("done", "taken_before", words=SAID)
    assert double.asked == []


async def test_given_no_form_to_tell_then_the_register_is_not_told_and_a_person_is_waited_for():
    double = RegisterDouble()
    legacy = some_particulars().model_dump(mode="json")
    legacy["form"] = {"kind": "legacy", "register_holds_form": True}

    async with serving(double) as register:
        answer = await register.push(a_push(1, Particulars.model_validate(legacy)))

    assert (answer, double.pushes) == (Answer("never", "no_form_to_tell", ours=True), [])


async def test_given_a_push_in_doubt_of_a_moved_dossier_then_both_provinces_are_asked():
    double = RegisterDouble(states={"79": [a_state(3)]})
    call = in_doubt(a_push(province_code="48"))

    async with serving(double) as register:
        assert await register.push(call) == Answer("done", "known_to_the_register")
    assert (double.asked, double.pushes) == (["79", "48"], [])


@pytest.mark.parametrize(
    ("said", "unit_code"),
    [("20194", "20194"), ("760", "760"), ("UBND phường Sài Gòn", None), ("", None), (None, None)],
)
async def test_who_entered_it_is_taken_when_it_is_a_code(said: str | None, unit_code: str | None):
    state = a_state(4, ketQuaXuLy=LINE | {"noiDangKy": said})

    async with serving(RegisterDouble(states={"79": [state]})) as register:
        found = await register.results([A_CODE], "79", BIRTH)

    assert found.odd == {}
    assert found.said[A_CODE].entry.unit_code == unit_code  # type: ignore[union-attr]


async def test_the_time_of_a_word_is_the_registers_and_what_it_knows_is_told_apart():
    double = RegisterDouble(states={"79": [a_state(2), a_state(1, maHoSoMCDT="OTHER")]})

    async with serving(double) as register:
        found = await register.results([A_CODE, "OTHER", "NONE"], "79", BIRTH)

    assert found.said[A_CODE].at == NOW
    assert (set(found.said), found.known) == ({A_CODE}, {A_CODE, "OTHER"})


@pytest.mark.parametrize("status", [0, 5, None, "x"])
async def test_given_a_line_that_says_not_found_then_it_is_told_and_is_not_known(status: Any):
    state = a_state(status, errors="Không tìm thấy hồ sơ")
    call = in_doubt(a_push(1))

    double = RegisterDouble({"status": "1"}, states={"79": [state]})
    async with serving(double) as register:
        answer = await register.push(call)
        found = await register.results([A_CODE], "79", BIRTH)

    assert (answer.reason, call.steps) == ("taken", ["asked:absent", "told:taken"])
    assert (found.odd, found.known) == ({A_CODE: "not_a_status"}, set())


@pytest.mark.parametrize(
    "body",
    [
        {"status": 1, "value": None},
        {"status": 0, "statusDescription": "Không tìm thấy hồ sơ", "value": []},
        {"status": 0, "errorDescription": "Hồ sơ không tồn tại"},
    ],
)
async def test_given_not_found_in_other_words_then_there_is_nothing(body: Any):
    async with serving(RegisterDouble(spoilt={A_CODE: body})) as register:
        assert await register.results([A_CODE], "79", BIRTH) == Results()


async def test_given_not_found_of_one_of_several_then_the_others_are_found_all_the_same():
    lost = {"status": 0, "errorDescription": "Hồ sơ không tồn tại"}
    double = RegisterDouble(states={"79": [a_state(3)]}, spoilt={"LOST": lost})

    async with serving(double) as register:
        with pytest.raises(RegisterMisspoke):
            await register.results([A_CODE, "LOST"], "79", BIRTH)
        found = await ask_in_parts(register, [A_CODE, "LOST"], "79", BIRTH)

    assert (found.known, found.odd, found.unasked) == ({A_CODE}, {}, set())


async def test_given_a_register_that_reads_nothing_then_it_is_not_asked_a_thousand_times():
    codes = [f"C{n}" for n in range(1000)]
    double = RegisterDouble(spoilt=dict.fromkeys(codes, UNREAD))
    some = RegisterDouble(spoilt=dict.fromkeys(codes[::20], UNREAD))

    async with serving(double) as register:
        with pytest.raises(RegisterMisspoke):
            await ask_in_parts(register, codes, "79", BIRTH)
    async with serving(some) as register:
        found = await ask_in_parts(register, codes, "79", BIRTH)

    assert len(double.asked) == 16
    assert len(some.asked) == MOST_QUESTIONS
    assert found.odd.keys() <= set(codes[::20])
    assert len(found.unasked) > 500


LINES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "a number still to come, in words": ({"soDinhDanh": "Đang chờ cấp"}, {"personal_number": None}),
    "a number": ({"soDinhDanh": "000226000001 "}, {"personal_number": "000226000001"}),
    "a day with strokes": ({"ngayDangKy": "24/11/2026"}, {"registered_on": date(2026, 11, 24)}),
    "spaces": ({"quyenSo": " 01/2026  -A "}, {"book": "01/2026 -A"}),
    "a unit that lost its zeros": ({"noiDangKy": 118}, {"unit_code": None}),
    "a unit as a number": ({"noiDangKy": 26734}, {"unit_code": "26734"}),
}


@pytest.mark.parametrize(("line", "expected"), LINES.values(), ids=LINES)
@pytest.mark.parametrize("as_text", [False, True])
async def test_given_one_field_written_in_another_way_then_the_registration_is_taken(
    line: dict[str, Any], expected: dict[str, Any], as_text: bool
):
    told: Any = LINE | line
    state = a_state(4, ketQuaXuLy=json.dumps(told) if as_text else told)

    async with serving(RegisterDouble(states={"79": [state]})) as register:
        found = await register.results([A_CODE], "79", BIRTH)

    assert found.odd == {}
    entry = found.said[A_CODE].entry
    assert {name: getattr(entry, name) for name in expected} == expected


async def test_given_several_lines_about_one_dossier_then_they_have_to_say_the_same():
    lines = {"A": [4, 4, 0], "B": [4, 3], "C": [1, 3]}
    states = [
        a_state(status, maHoSoMCDT=code, ketQuaXuLy=LINE)
        for code, all_of_it in lines.items()
        for status in all_of_it
    ]

    async with serving(RegisterDouble(states={"79": states})) as register:
        found = await register.results(list(lines), "79", BIRTH)

    assert (set(found.said), found.odd) == ({"A"}, {"B": "several_answers"})
    assert found.known == {"A", "B", "C"}


@pytest.mark.parametrize(
    ("states", "answer"),
    [
        ([a_state(3)], ("done", "known_to_the_register")),
        ([], ("never", "exists")),
    ],
)
async def test_given_that_something_exists_there_then_it_is_asked_whether_it_is_the_dossier(
    states: list[dict[str, Any]], answer: tuple[str, str]
):
    exists = {"status": "0", "errorDescription": "Tệp đính kèm đã tồn tại"}

    async with serving(RegisterDouble(exists, states={"79": states})) as register:
        said = await register.push(a_push(1))

    assert (said.outcome, said.reason) == answer


async def test_given_a_stored_request_of_forms_there_are_no_more_then_it_waits_for_a_person():
    double = RegisterDouble()
    data = some_particulars().model_dump(mode="json") | {"form": {"kind": "older"}}
    call = a_push(1)
    request = json.loads(call.request) | {"particulars": data}

    async with serving(double) as register:
        answer = await register.push(replace(call, request=json.dumps(request).encode()))

    assert (answer, double.pushes) == (Answer("never", "cannot_be_told", ours=True), [])


@pytest.mark.parametrize("round_", [1, 2])
async def test_given_words_we_do_not_know_then_it_is_asked_and_only_then_given_to_a_person(
    round_: int,
):
    odd = {"status": "0", "errorDescription": "Ngày đẹp trời"}
    there = RegisterDouble(odd, states={"79": [a_state(3)]})
    not_there = RegisterDouble(odd)
    call, again = a_push(round_), a_push(round_)

    async with serving(there) as register:
        known = await register.push(call)
    async with serving(not_there) as register:
        unknown = await register.push(again)

    assert known == Answer("done", "known_to_the_register", words="Ngày đẹp trời")
    assert unknown == Answer("never", "not_understood", words="Ngày đẹp trời")
    assert call.steps == ["told:not_understood", "asked:known"]
    assert again.steps == ["told:not_understood", "asked:absent"]


async def test_given_words_we_do_not_know_and_no_answer_to_the_question_then_it_stays_in_doubt():
    double = RegisterDouble({"status": "0"}, results_status=503)
    call = a_push(1)

    async with serving(double) as register:
        answer = await register.push(call)

    assert (answer.outcome, answer.reason) == ("unknown", "asked_http_503")
    assert call.steps == ["told:not_understood", "asked:unknown"]


async def test_given_a_push_in_doubt_of_an_unknown_dossier_then_asked_and_then_told():
    call = in_doubt(a_push(1))
    double = RegisterDouble({"status": "1"})

    async with serving(double) as register:
        assert await register.push(call) == Answer("done", "taken")
    assert (double.asked, len(double.pushes)) == (["79"], 1)
    assert call.steps == ["asked:absent", "told:taken"]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [(400, "never"), (422, "never"), (401, "again"), (404, "again"), (500, "unknown")],
)
async def test_given_a_status_that_is_no_success_then_the_dossier_is_not_refused(
    status: int, outcome: str
):
    double = RegisterDouble({"title": "x"}, push_status=status)
    call = a_push(1)

    async with serving(double) as register:
        answer = await register.push(call)

    assert (answer.outcome, answer.reason) == (outcome, f"http_{status}")
    assert call.steps == [f"told:http_{status}"]


async def test_given_no_access_when_told_or_asked_then_it_is_an_alarm(
    capsys: pytest.CaptureFixture[str],
):
    double = RegisterDouble({}, push_status=401, results_status=403)

    async with serving(double) as register:
        await register.push(a_push(1))
        await register.push(in_doubt(a_push(1)))

    alarms = [line for line in capsys.readouterr().out.splitlines() if "no_access" in line]
    assert ["401" in alarms[0], "403" in alarms[1], len(alarms)] == [True, True, 2]
