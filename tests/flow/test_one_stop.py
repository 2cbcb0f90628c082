"""A dossier's life at the one-stop, through every service: asked back, stopped, handed over."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from local_stack.stack import Stack
from local_stack.status import Status
from tests.conftest import DESK_UNIT as UNIT
from tests.flow.kit import count, following, token, until
from tests.flow.test_desk import Desk, a_desk, for_the_desk, on_the_desk

ROOT = Path.cwd()


@pytest.fixture
async def desk(stack: Stack):
    async with a_desk(stack, UNIT) as one:
        yield one


async def test_a_registered_dossier_is_handed_over_and_its_personal_data_are_dropped(
    stack: Stack, desk: Desk
):
    async with following(stack.status(), for_the_desk(1)) as journey:
        (track,) = journey.tracks
        await journey.send()
        dossier_id = (await on_the_desk(desk, track))["dossier_id"]
        await _particulars_are_there(stack.status(), dossier_id)

        seen = await desk.read(dossier_id, "/particulars")
        await desk.act(dossier_id, "accept")
        await _stands(desk, dossier_id, "registered")
        slip = await desk.read(dossier_id, "/slips/acceptance.pdf")
        waits = {row["dossier_id"] for row in await desk.waiting("to_hand_over")}
        handed = await desk.act(dossier_id, "hand-over", method="in_person")
        gone = await desk.read(dossier_id, "/particulars")
        sheet = await desk.read(dossier_id, "/control-sheet.html")
        await until(lambda: _said(track, "handed_over"), "the result in hand is said")
        await journey.arrive()

        person = track.sample.submission["applicant"]["full_name"]
        assert seen[1]["particulars"]["applicant"]["full_name"] == person
        assert slip[0] == 200, slip[1]
        assert slip[1].startswith(b"%PDF-")
        assert dossier_id in waits
        assert (handed[0], handed[1]["status"]) == (200, "handed_over")
        assert gone[0] == 404
        assert person not in sheet[1].decode()
        log = "SELECT count(*) FROM access_log WHERE dossier_id = $1 AND actor = $2"
        assert await count(stack.status(), "routing", log, dossier_id, f"officer-{UNIT}") == 3
        assert journey.breaches() == []


async def test_a_supplement_brings_the_dossier_back_to_the_desk_and_it_goes_on(
    stack: Stack, desk: Desk
):
    async with following(stack.status(), for_the_desk(1)) as journey:
        (track,) = journey.tracks
        await journey.send()
        dossier_id = (await on_the_desk(desk, track))["dossier_id"]

        asked = await desk.act(
            dossier_id, "return", kind="supplement", reasons=["paper_unreadable"]
        )
        await _supplement(stack.status(), track)
        again = await on_the_desk(desk, track)
        accepted = await desk.act(dossier_id, "accept")
        await _stands(desk, dossier_id, "registered")

        assert (asked[1]["status"], asked[1]["supplement_due"] is not None) == ("supplement", True)
        assert "supplement" not in again["allowed"]
        assert accepted[0] == 200, accepted
        _, view = await desk.read(dossier_id)
        assert [(slip["key"], slip["n"]) for slip in view["slips"]] == [
            ("supplement", 1),
            ("acceptance", 1),
        ]
        assert [pause["status"] for pause in view["pauses"]] == [5]


async def test_a_stopped_dossier_goes_on_where_it_stood(stack: Stack, desk: Desk):
    async with following(stack.status(), for_the_desk(1)) as journey:
        (track,) = journey.tracks
        await journey.send()
        dossier_id = (await on_the_desk(desk, track))["dossier_id"]

        stopped = await desk.act(dossier_id, "stop", reason="applicant_absent")
        lies = {row["dossier_id"] for row in await desk.waiting("stopped")}
        resumed = await desk.act(dossier_id, "resume")
        await desk.act(dossier_id, "accept")
        await journey.arrive()

        assert (stopped[1]["status"], resumed[1]["status"]) == ("stopped", "received")
        assert dossier_id in lies
        assert track.outcome == "registered"
        assert journey.breaches() == []


async def test_a_withdrawn_dossier_never_reaches_the_register(stack: Stack, desk: Desk):
    samples = [replace(sample, expect="withdrawn") for sample in for_the_desk(1)]
    async with following(stack.status(), samples) as journey:
        (track,) = journey.tracks
        await journey.send()
        dossier_id = (await on_the_desk(desk, track))["dossier_id"]

        withdrawn = await desk.act(dossier_id, "withdraw")
        await journey.arrive()

        assert (withdrawn[0], withdrawn[1]["status"]) == (200, "withdrawn")
        assert track.outcome == "withdrawn"
        assert journey.breaches() == []


async def _stands(desk: Desk, dossier_id: object, status: str) -> None:
    async def there() -> bool:
        return bool((await desk.read(dossier_id))[1]["status"] == status)

    await until(there, f"the dossier is {status}")


async def _said(track: Any, step: str) -> bool:
    return step in track.keys


async def _particulars_are_there(status: Status, dossier_id: object) -> None:
    sql = "SELECT count(*) FROM case_particulars WHERE dossier_id = $1"

    async def there() -> bool:
        return await count(status, "routing", sql, dossier_id) == 1

    await until(there, "the personal data have come")


async def _supplement(status: Status, track: Any) -> None:
    """Send the same form once more, as the portal of the sample."""
    reference = track.sample.submission["portal_reference"]
    bearer = await token(status, ROOT, track.sample.portal)
    headers = {"authorization": f"Bearer {bearer}", "idempotency-key": f"again-{reference}"}
    body = {
        "portal_reference": reference,
        "resubmitted_at": datetime.now(UTC).isoformat(),
        "form": track.sample.submission["form"],
    }
    url = f"{status.urls['intake']}/v1/submissions/{reference}/supplements"
    async with (
        aiohttp.ClientSession(headers=headers) as session,
        session.post(url, json=body) as response,
    ):
        assert response.status == 201, await response.text()
