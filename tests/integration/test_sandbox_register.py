"""The sandbox's civil-status register, over HTTP and through restarts."""

import asyncio
import json
import signal
import time
from collections.abc import AsyncIterator

import aiohttp
import psutil
import pytest

from tests.integration.core_kit import PATIENCE
from tests.integration.sandbox_process import (
    REGISTER,
    Sandbox,
    a_push,
    a_sandbox,
    push,
    results,
    results_when,
)


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with a_sandbox(tmp_path_factory.mktemp("register")) as running:
        yield running


async def test_a_dossier_goes_from_received_to_accepted_to_registered(tmp_path):
    async with a_sandbox(tmp_path, SANDBOX_REGISTER_SECONDS="0.8") as sandbox:
        code, seen = "H29.1-261124-0001", []
        answer = await push(sandbox, a_push(code))
        while not seen or seen[-1] != 4:
            (value,) = await results(sandbox, code)
            seen += [value["trangThai"]] if value["trangThai"] not in seen else []
            await asyncio.sleep(0.02)

        assert answer == (
            200,
            {
                "status": "1",
                "statusDescription": "Tiếp nhận thành công",
                "errorCode": "",
                "errorDescription": "",
            },
        )
        assert seen == [1, 3, 4]
        assert await sandbox.kinds(code) == ["register.pushed", "register.registered"]


async def test_a_verdict_is_journaled_though_nobody_asks(sandbox):
    await push(sandbox, a_push("H29.1-261124-0002"))

    for _ in range(40):
        kinds = await sandbox.kinds("H29.1-261124-0002")
        if len(kinds) == 2:
            break
        await asyncio.sleep(0.05)

    assert kinds == ["register.pushed", "register.registered"]


async def test_the_same_dossier_pushed_many_times_at_once_is_registered_once(sandbox):
    code = "H29.1-261124-0003"

    answers = await asyncio.gather(*(push(sandbox, a_push(code)) for _ in range(20)))
    await results_when(sandbox, 4, code)

    taken = [body for _, body in answers if body["status"] == "1"]
    duplicates = [body for _, body in answers if "đã được tiếp nhận" in body["errorDescription"]]
    assert (len(taken), len(duplicates)) == (1, 19)
    kinds = await sandbox.kinds(code)
    assert sorted(kinds) == ["register.push_duplicate"] * 19 + [
        "register.pushed",
        "register.registered",
    ]


async def test_numbers_have_no_gap_within_unit_book_and_year(sandbox):
    births = [f"H29.2-261124-{number:04d}" for number in range(1, 31)]
    pushes = [a_push(code, unit="26740") for code in births]
    pushes += [a_push(f"H29.3-261124-{n:04d}", unit="26740", module="LTKT") for n in range(1, 4)]
    await asyncio.gather(*(push(sandbox, body) for body in pushes))

    value = await results_when(sandbox, 4, *births)
    deaths = await results_when(sandbox, 4, *[f"H29.3-261124-{n:04d}" for n in range(1, 4)])

    lines = [one["ketQuaXuLy"] for one in value]
    assert sorted(int(line["soDangKy"]) for line in lines) == list(range(1, 31))
    assert sorted(int(one["ketQuaXuLy"]["soDangKy"]) for one in deaths) == [1, 2, 3]
    assert all(line["quyenSo"].startswith("01/20") for line in lines)
    assert len({line["soDinhDanh"] for line in lines}) == 30
    assert all(len(line["soDinhDanh"]) == 12 for line in lines)
    assert all(line["soDinhDanh"].startswith("000") for line in lines)
    assert all("soDinhDanh" not in one["ketQuaXuLy"] for one in deaths)


@pytest.mark.parametrize(
    ("asked", "status", "kind"),
    [("refuse", 6, "register.refused"), ("supplement", 2, "register.supplement")],
)
async def test_the_note_decides_the_verdict(sandbox, asked, status, kind):
    code = f"H29.4-261124-000{status}"

    await push(sandbox, a_push(code, note=f"xin sandbox:{asked} nhé"))
    (value,) = await results_when(sandbox, status, code)

    assert value["ketQuaXuLy"] == {}
    assert bool(value["hanBoSungHoSo"]) == (asked == "supplement")
    assert await sandbox.kinds(code) == ["register.pushed", kind]


async def test_a_push_can_be_refused_at_once_and_leaves_nothing_to_ask_for(sandbox):
    code = "H29.4-261124-0009"

    status, body = await push(sandbox, a_push(code, note="sandbox:reject"))

    assert (status, body["status"], body["errorCode"]) == (200, "0", "TU_CHOI")
    assert "đã được tiếp nhận" not in body["errorDescription"]
    assert await results(sandbox, code) == []
    assert await sandbox.kinds(code) == ["register.push_rejected"]


async def test_a_supplemented_dossier_is_taken_up_again_only_when_it_changed(sandbox):
    code = "H29.4-261124-0010"
    wanting = a_push(code, note="sandbox:supplement")
    await push(sandbox, wanting)
    await results_when(sandbox, 2, code)

    _, same = await push(sandbox, wanting)
    _, changed = await push(sandbox, a_push(code))
    await results_when(sandbox, 4, code)

    assert (same["status"], changed["status"]) == ("0", "1")
    assert await sandbox.kinds(code) == [
        "register.pushed",
        "register.supplement",
        "register.push_duplicate",
        "register.supplemented",
        "register.registered",
    ]


async def test_a_late_personal_number_comes_five_seconds_after_the_registration(sandbox):
    code = "H29.4-261124-0011"
    began = time.monotonic()
    await push(sandbox, a_push(code, note="sandbox:late-id"))
    (value,) = await results_when(sandbox, 4, code)
    registered = time.monotonic()

    assert "soDinhDanh" not in value["ketQuaXuLy"]
    while "soDinhDanh" not in value["ketQuaXuLy"]:
        await asyncio.sleep(0.1)
        (value,) = await results(sandbox, code)
    assert time.monotonic() - began > 5
    assert time.monotonic() - registered < 6 * PATIENCE


async def correct(sandbox: Sandbox, code: str, **parts: str) -> int:
    async with sandbox.http.put(f"/register/corrections/{code}", json=parts) as response:
        return response.status


async def lose(sandbox: Sandbox, code: str) -> int:
    async with sandbox.http.put(f"/register/losses/{code}") as response:
        return response.status


async def test_a_technical_no_is_said_each_time_and_leaves_nothing_to_ask_for(sandbox):
    code = "H29.4-261124-0012"
    body = a_push(code, note="sandbox:technical-no")

    answers = [await push(sandbox, body), await push(sandbox, body)]

    texts = {answer["errorDescription"] for _, answer in answers}
    assert texts == {"Logic xử lý không hợp lệ"}
    assert await results(sandbox, code) == []
    assert await sandbox.kinds(code) == ["register.push_faulty"] * 2


async def test_a_corrected_entry_is_told_from_then_on_and_after_a_restart(tmp_path):
    code = "H29.8-261124-0001"
    async with a_sandbox(tmp_path) as sandbox:
        await push(sandbox, a_push(code))
        (before,) = await results_when(sandbox, 4, code)

        first = await correct(sandbox, code, number="77", registered_on="2026-12-01")
        again = await correct(sandbox, code, number="77")
        second = await correct(sandbox, code, unit="26740", book="02/2026", page="9")
        (told,) = await results(sandbox, code)
        await sandbox.stop(signal.SIGKILL)
        await sandbox.start()
        (after,) = await results(sandbox, code)

        assert (first, again, second) == (200, 200, 200)
        assert told["ketQuaXuLy"] == before["ketQuaXuLy"] | {
            "soDangKy": "77",
            "ngayDangKy": "01.12.2026",
            "noiDangKy": "26740",
            "quyenSo": "02/2026",
            "trangSo": "9",
        }
        assert after == told
        assert (await sandbox.kinds(code)).count("register.corrected") == 2


async def test_a_lost_dossier_is_unknown_and_its_number_is_given_to_no_other(tmp_path):
    lost, other = "H29.8-261124-0002", "H29.8-261124-0003"
    async with a_sandbox(tmp_path) as sandbox:
        await push(sandbox, a_push(lost))
        await results_when(sandbox, 4, lost)

        assert await lose(sandbox, lost) == 204
        assert await results(sandbox, lost) == []
        await sandbox.stop(signal.SIGKILL)
        await sandbox.start()
        assert await results(sandbox, lost) == []
        await push(sandbox, a_push(other))
        (value,) = await results_when(sandbox, 4, other)

        assert value["ketQuaXuLy"]["soDangKy"] == "2"
        assert (await push(sandbox, a_push(lost)))[1]["status"] == "1"
        kinds = await sandbox.kinds(lost)
        assert kinds[:3] == ["register.pushed", "register.registered", "register.lost"]


async def test_a_dossier_lost_in_process_is_never_decided(tmp_path):
    lost, other, third = (f"H29.8-261124-000{number}" for number in (4, 5, 7))
    async with a_sandbox(tmp_path, SANDBOX_REGISTER_SECONDS="0.4") as sandbox:
        await push(sandbox, a_push(lost))
        assert await lose(sandbox, lost) == 204
        await push(sandbox, a_push(other))
        # Whatever was due before the other's verdict was looked at by then.
        await results_when(sandbox, 4, other)
        await push(sandbox, a_push(third))
        await results_when(sandbox, 4, third)

        assert await sandbox.kinds(lost) == ["register.pushed", "register.lost"]


async def test_what_cannot_be_corrected_or_lost_is_refused(sandbox):
    code = "H29.8-261124-0006"
    await push(sandbox, a_push(code, note="sandbox:refuse"))
    await results_when(sandbox, 6, code)

    assert await correct(sandbox, code, number="1") == 409
    assert await correct(sandbox, "H29.8-261124-9999", number="1") == 404
    assert await lose(sandbox, "H29.8-261124-9999") == 404
    assert await correct(sandbox, code) == 422
    assert await correct(sandbox, code, number="", registered_on="01.12.2026", soDangKy="1") == 422


async def test_a_restart_rebuilds_the_register_and_numbers_continue(tmp_path):
    codes = [f"H29.5-261124-{number:04d}" for number in range(1, 6)]
    async with a_sandbox(tmp_path) as sandbox:
        for code in codes[:3]:
            await push(sandbox, a_push(code))
        before = await results_when(sandbox, 4, *codes[:3])
        await sandbox.stop(signal.SIGKILL)

        await sandbox.start()
        again = await push(sandbox, a_push(codes[0]))
        after = await results(sandbox, *codes[:3])
        for code in codes[3:]:
            await push(sandbox, a_push(code))
        new = await results_when(sandbox, 4, *codes[3:])

        assert again[1]["status"] == "0"
        assert after == before
        assert sorted(int(one["ketQuaXuLy"]["soDangKy"]) for one in new) == [4, 5]


async def test_a_dossier_in_process_at_a_crash_is_registered_once_after_it(tmp_path):
    async with a_sandbox(tmp_path, SANDBOX_REGISTER_SECONDS="0.8") as sandbox:
        await push(sandbox, a_push("H29.5-261124-0001"))
        await sandbox.stop(signal.SIGKILL)

        await sandbox.start()
        await results_when(sandbox, 4, "H29.5-261124-0001")

        kinds = await sandbox.kinds("H29.5-261124-0001")
        assert kinds == ["register.pushed", "register.registered"]


async def test_a_lost_answer_of_a_push_leaves_the_dossier_taken(sandbox):
    code = "H29.6-261124-0001"
    await sandbox.fault("register.push", kind="lost_answer", times=1)

    with pytest.raises(aiohttp.ClientConnectionError):
        await push(sandbox, a_push(code))
    _, again = await push(sandbox, a_push(code))

    assert "đã được tiếp nhận" in again["errorDescription"]
    kinds = await sandbox.kinds(code)
    assert sorted(kinds)[:2] == ["register.push_duplicate", "register.pushed"]


async def test_what_the_register_cannot_read_is_named(sandbox):
    right = a_push("H29.6-261124-0002")
    wrong = {
        "maHoSoMCDT": "hồ sơ",
        "maDonVi": "79",
        "module": "XX",
        "ngayTiepNhan": "2026-11-24",
        "data": "{",
        "fileDinhKem": "x",
    }

    for field, value in wrong.items():
        status, body = await push(sandbox, {**right, field: value})
        assert (status, body["errorDescription"].split(":")[0]) == (400, field)
    question = {"maDinhDanhHoSo": ["A-1"] * 1001}
    asked = await sandbox.post("/register/LayKetQua", question, headers=REGISTER)
    stranger = await sandbox.post("/register/NhanDKHT", right)

    assert (asked[0], stranger[0]) == (400, 401)
    assert await sandbox.journal("H29.6-261124-0002") == []


async def test_a_batch_of_a_thousand_codes_is_answered_fast(sandbox):
    codes = [f"H29.7-261124-{number:04d}" for number in range(1, 1001)]
    for start in range(0, 1000, 50):
        await asyncio.gather(*(push(sandbox, a_push(code)) for code in codes[start : start + 50]))

    # Beside other work only what it computes tells how fast it is.
    before = psutil.Process(sandbox.process.pid).cpu_times()
    value = await results(sandbox, *codes)
    after = psutil.Process(sandbox.process.pid).cpu_times()

    assert [one["maHoSoMCDT"] for one in value] == codes
    assert len(json.dumps(value)) > 100_000
    assert after.user + after.system - before.user - before.system < 0.5
