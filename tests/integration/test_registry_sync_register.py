"""What the client makes of a register that is slow to forget, moved, or asked for nothing."""

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from contracts.particulars import Particulars
from plumbing.calls import Answer, Call
from registry_sync.registration import LEEWAY
from tests.integration.notifier_kit import an_sms, in_doubt
from tests.integration.register_double import RegisterDouble, serving, shown
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


OLD = shown(NOW - LEEWAY - timedelta(seconds=1))


@pytest.mark.parametrize(
    ("state", "answer"),
    [
        (a_state(2, thoiGianThucHien=OLD), Answer("unknown", "supplement_not_taken")),
        (a_state(2, thoiGianThucHien="hôm qua"), Answer("unknown", "supplement_not_taken")),
        (a_state(2), Answer("done", "taken_before")),
        (a_state(1, thoiGianThucHien=OLD), Answer("done", "taken_before")),
        (a_state(3, thoiGianThucHien=OLD), Answer("done", "taken_before")),
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
        assert await register.push(a_push(1)) == Answer("done", "taken_before")
    assert double.asked == []


async def test_given_no_form_to_tell_then_the_register_is_not_told_and_a_person_is_waited_for():
    double = RegisterDouble()
    legacy = some_particulars().model_dump(mode="json")
    legacy["form"] = {"kind": "legacy", "register_holds_form": True}

    async with serving(double) as register:
        answer = await register.push(a_push(1, Particulars.model_validate(legacy)))

    assert (answer, double.pushes) == (Answer("stuck", "no_form_to_tell"), [])


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
