"""What the played register does with magic dossiers, and how it hears of them."""

import asyncio
from collections.abc import AsyncIterator

import aiohttp
import pytest

from tests.integration.sandbox_process import (
    REGISTER,
    Sandbox,
    a_push,
    a_sandbox,
    push,
    results,
    results_when,
)

CODE = "H29.26743-261124-{:04d}"


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with a_sandbox(tmp_path_factory.mktemp("magic")) as running:
        yield running


async def know(sandbox: Sandbox, reference: str, code: str) -> int:
    path = f"/portals/national-portal/magic/{reference}"
    async with sandbox.http.put(path, json={"dossier_code": code}) as response:
        return response.status


async def test_the_register_is_slow_about_a_dossier_whose_reference_says_so(sandbox: Sandbox):
    slow, usual = CODE.format(1), CODE.format(2)

    told = await know(sandbox, "MAGIC-SLOW-600s-1", slow)
    await push(sandbox, a_push(slow))
    await push(sandbox, a_push(usual))
    await results_when(sandbox, 4, usual)
    (waits,) = await results(sandbox, slow)

    assert told == 204
    assert waits["trangThai"] != 4


async def test_a_silent_register_has_the_dossier_says_nothing_and_then_all(sandbox: Sandbox):
    silent, other = CODE.format(3), CODE.format(4)
    await know(sandbox, "MAGIC-IN-DOUBT-2s-1", silent)
    await push(sandbox, a_push(other))

    with pytest.raises(aiohttp.ClientError):
        await push(sandbox, a_push(silent))
    with pytest.raises(aiohttp.ClientError):
        await results(sandbox, silent)
    among_others = await results(sandbox, silent, other)
    for _ in range(100):
        found = await results(sandbox, silent, other)
        if len(found) == 2:
            break
        await asyncio.sleep(0.05)
    again = await push(sandbox, a_push(silent))

    assert [one["maHoSoMCDT"] for one in among_others] == [other]
    assert [one["maHoSoMCDT"] for one in found] == [silent, other]
    assert again[1]["errorCode"] == "TRUNG_HO_SO"
    assert await sandbox.kinds(silent) == [
        "register.pushed",
        "register.registered",
        "register.push_duplicate",
    ]


async def test_the_register_refuses_what_its_reference_says_it_refuses(sandbox: Sandbox):
    code = CODE.format(5)
    await know(sandbox, "MAGIC-REGISTER-NO-1", code)

    await push(sandbox, a_push(code))

    assert await results_when(sandbox, 6, code)


async def test_a_reference_that_is_no_magic_or_a_code_that_is_none_is_refused(sandbox: Sandbox):
    assert await know(sandbox, "DVCQG-1", CODE.format(6)) == 422
    assert await know(sandbox, "MAGIC-SLOW-1", "no code") == 422


async def test_without_an_intake_nothing_can_be_handed_in_and_unknown_names_are_told(
    sandbox: Sandbox,
):
    status, listed = await sandbox.get("/magic")
    unknown, problem = await sandbox.post("/magic/NONSENSE", {})
    away, _ = await sandbox.post("/magic/ACCEPTED", {})
    desk, _ = await sandbox.post("/desk", {})

    assert status == 200
    assert "MERGED-UNIT" in {one["name"] for one in listed["outcomes"]}
    assert unknown == 404
    assert "ACCEPTED" in problem["detail"]
    assert (away, desk) == (503, 503)


async def test_what_was_known_survives_a_restart(tmp_path):
    code = CODE.format(7)
    async with a_sandbox(tmp_path) as first:
        await know(first, "MAGIC-REGISTER-NO-1", code)
    async with a_sandbox(tmp_path) as second:
        async with second.http.post(
            "/register/NhanDKHT", json=a_push(code), headers=REGISTER
        ) as response:
            assert response.status == 200

        assert await results_when(second, 6, code)


async def test_the_page_shows_how_to_hand_in_every_magic_dossier(sandbox: Sandbox):
    _, page = await sandbox.get("/")

    assert "MAGIC-REGISTER-NO-" in page
    assert (
        f"curl -d '{{}}' {sandbox.url.removeprefix('http://')}/magic/REGISTER-NO"
        in page.replace("&#x27;", "'")
    )
