"""The sandbox's register asking back, and the dossiers it had before the one-stop came."""

import json
import signal
from collections.abc import AsyncIterator
from typing import Any

import pytest

from tests.integration.sandbox_process import (
    Sandbox,
    a_push,
    a_sandbox,
    push,
    results,
    results_when,
)

PLANTED = {"unit": "26734", "module": "LTKS", "outcome": "register"}


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with a_sandbox(tmp_path_factory.mktemp("register")) as running:
        yield running


async def plant(sandbox: Sandbox, code: str, **changes: Any) -> tuple[int, Any]:
    async with sandbox.http.put(f"/register/played/{code}", json=PLANTED | changes) as response:
        return response.status, await response.json(content_type=None)


def completed(code: str, note: str, paper: str = "p1") -> Any:
    return {**a_push(code, note=note), "fileDinhKem": [{"id": paper}]}


@pytest.mark.parametrize("note", ["sandbox:supplement", ""])
async def test_a_supplement_is_asked_for_once_whatever_the_completed_form_says(sandbox, note):
    code = f"H29.4-261125-000{len(note) % 7}"
    await push(sandbox, a_push(code, note="sandbox:supplement"))
    await results_when(sandbox, 2, code)

    await push(sandbox, completed(code, note))
    await results_when(sandbox, 4, code)

    assert await sandbox.kinds(code) == [
        "register.pushed",
        "register.supplement",
        "register.supplemented",
        "register.registered",
    ]


async def test_a_supplement_is_asked_for_twice_when_told_so_and_a_restart_remembers(tmp_path):
    code = "H29.4-261125-0011"
    async with a_sandbox(tmp_path) as sandbox:
        await push(sandbox, a_push(code, note="sandbox:supplement-twice"))
        await results_when(sandbox, 2, code)
        await sandbox.stop(signal.SIGKILL)
        await sandbox.start()
        await push(sandbox, completed(code, "", "p1"))
        await results_when(sandbox, 2, code)
        _, same = await push(sandbox, completed(code, "", "p1"))
        await push(sandbox, completed(code, "", "p2"))
        await results_when(sandbox, 4, code)

        assert "đã được tiếp nhận" in same["errorDescription"]
        assert await sandbox.kinds(code) == [
            "register.pushed",
            "register.supplement",
            "register.supplemented",
            "register.supplement",
            "register.push_duplicate",
            "register.supplemented",
            "register.registered",
        ]


async def test_a_completed_dossier_can_be_refused(sandbox):
    code = "H29.4-261125-0012"
    await push(sandbox, a_push(code, note="sandbox:supplement"))
    await results_when(sandbox, 2, code)

    await push(sandbox, completed(code, "sandbox:refuse"))

    await results_when(sandbox, 6, code)


async def test_changes_have_a_book_of_their_own(sandbox):
    code = "H29.4-261125-0013"
    await push(sandbox, a_push(code, module="LTTD", unit="26999"))

    (value,) = await results_when(sandbox, 4, code)

    assert (value["module"], value["ketQuaXuLy"]["soDangKy"]) == ("LTTD", "1")
    assert "soDinhDanh" not in value["ketQuaXuLy"]


async def test_a_planted_dossier_is_found_and_decided_and_survives_a_restart(tmp_path):
    code = "H29-210930-0001"
    async with a_sandbox(tmp_path) as sandbox:
        first, again = await plant(sandbox, code), await plant(sandbox, code)
        value = await results_when(sandbox, 4, code)
        _, pushed = await push(sandbox, a_push(code))
        await sandbox.stop(signal.SIGKILL)
        await sandbox.start()

        assert (first, again[0]) == ((201, PLANTED | {"code": code}), 200)
        assert await results(sandbox, code) == value
        assert value[0]["ketQuaXuLy"]["soDangKy"] == "1"
        assert "đã được tiếp nhận" in pushed["errorDescription"]
        assert await sandbox.kinds(code) == [
            "register.played",
            "register.registered",
            "register.push_duplicate",
        ]


async def test_a_planted_dossier_that_lacks_papers_takes_them_by_a_push(sandbox):
    code = "H29-210930-0002"
    await plant(sandbox, code, outcome="supplement")
    await results_when(sandbox, 2, code)

    _, body = await push(sandbox, a_push(code))

    assert body["status"] == "1"
    await results_when(sandbox, 4, code)


async def test_what_cannot_be_planted_is_refused(sandbox):
    code = "H29-210930-0003"
    await push(sandbox, a_push(code))

    known = await plant(sandbox, code)
    malformed = [
        await plant(sandbox, "H29-210930-0004", **wrong)
        for wrong in ({"unit": "1"}, {"module": "XX"}, {"outcome": "lose"})
    ]
    badly_named = await plant(sandbox, "h29")

    assert [known[0], badly_named[0], *(status for status, _ in malformed)] == [409] + [422] * 4
    assert [body["errors"][0]["field"] for _, body in malformed] == ["unit", "module", "outcome"]
    assert await sandbox.journal("H29-210930-0004") == []
    assert "sandbox" not in json.dumps(known[1])
