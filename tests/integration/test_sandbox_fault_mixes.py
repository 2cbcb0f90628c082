"""Several faults of one component of the sandbox at once, over real connections."""

from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from tests.integration.sandbox_process import SMS, Sandbox, a_message, a_sandbox

REFERENCE = "D-1:accepted:sms"


@pytest.fixture(scope="module")
async def sandbox(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Sandbox]:
    async with a_sandbox(tmp_path_factory.mktemp("mixes")) as started:
        yield started


async def put(sandbox: Sandbox, mix: Any) -> tuple[int, Any]:
    async with sandbox.http.put("/faults/sms", json=mix) as response:
        return response.status, await response.json(content_type=None)


async def send(sandbox: Sandbox, key: str) -> str:
    """Return how the gateway took one message."""
    try:
        status, _ = await sandbox.post(
            "/sms/messages", a_message(REFERENCE), headers={**SMS, "Idempotency-Key": key}
        )
    except aiohttp.ClientConnectionError:
        sent = "sms.sent" in await sandbox.kinds(key)
        return "lost_answer" if sent else "drop"
    return str(status)


async def test_given_a_mix_then_each_fault_hits_its_own_share_of_the_calls(sandbox: Sandbox):
    shares = {"error": 0.3, "drop": 0.2, "lost_answer": 0.3}
    await put(sandbox, [{"kind": kind, "share": share} for kind, share in shares.items()])

    outcomes = Counter([await send(sandbox, f"share-{n}") for n in range(300)])
    _, faults = await sandbox.get("/faults")
    await sandbox.http.delete("/faults/sms")

    hits = {fault["kind"]: fault["hits"] for fault in faults["sms"]}
    assert hits == {
        "error": outcomes["500"],
        "drop": outcomes["drop"],
        "lost_answer": outcomes["lost_answer"],
    }
    assert outcomes.total() - sum(hits.values()) == outcomes["202"] + outcomes["200"]
    for kind, share in shares.items():
        assert abs(hits[kind] - 300 * share) < 50, hits
    assert await sandbox.get("/faults") == (200, {})


async def test_given_a_fault_of_a_mix_is_used_up_then_the_others_stay(sandbox: Sandbox):
    await put(
        sandbox,
        [
            {"kind": "error", "share": 0.5, "times": 1},
            {"kind": "drop", "share": 0.5, "times": 2},
        ],
    )

    outcomes = Counter([await send(sandbox, f"used-{n}") for n in range(40)])

    assert (outcomes["500"], outcomes["drop"]) == (1, 2)
    assert await sandbox.get("/faults") == (200, {})


async def test_given_a_list_of_one_then_it_is_that_one(sandbox: Sandbox):
    alone = await put(sandbox, {"kind": "error"})
    listed = await put(sandbox, [{"kind": "error"}])
    await sandbox.http.delete("/faults/sms")

    assert alone == listed
    assert alone[1]["kind"] == "error"


@pytest.mark.parametrize(
    ("mix", "status", "fields"),
    [
        ([], 400, set()),
        (["error"], 400, set()),
        ([{"kind": "error"}, {"kind": "drop", "share": 0.1}], 422, {"share"}),
        ([{"kind": "error", "share": 0.1}, {"kind": "odd", "share": 0.1}], 422, {"kind"}),
    ],
)
async def test_a_mix_that_is_none_is_refused_and_changes_nothing(
    sandbox: Sandbox, mix: Any, status: int, fields: set[str]
):
    got, problem = await put(sandbox, mix)

    assert got == status
    assert {error["field"] for error in problem.get("errors", [])} == fields
    assert await sandbox.get("/faults") == (200, {})


async def test_shares_of_tenths_may_add_up_to_all_calls(sandbox: Sandbox):
    status, mix = await put(sandbox, [{"kind": "error", "share": 0.1}] * 10)
    page = await sandbox.get("/")
    await sandbox.http.delete("/faults/sms")

    assert (status, len(mix)) == (200, 10)
    assert "<td>sms.10</td><td>error</td>" in page[1]
