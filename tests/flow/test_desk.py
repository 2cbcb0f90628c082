"""The officer's desk over HTTP: what waits, accept, return, and what is not theirs."""

import contextlib
from pathlib import Path
from typing import Any
from uuid import uuid4

import aiohttp
import pytest

from local_stack.stack import Stack
from sandbox.samples import Sample
from tests.conftest import DESK_UNIT as UNIT
from tests.flow.kit import following, good_samples, token, until

ROOT = Path.cwd()


def for_the_desk(count: int, **changes: Any) -> list[Sample]:
    """Return samples of the unit whose officers receive by hand."""
    place = {"province_code": "48", "unit_code": UNIT, "residence_unit_code": UNIT}
    return [
        Sample(
            id=f"desk-{sample.id}",
            former_province="Đà Nẵng",
            portal=sample.portal,
            road=sample.road,
            submission=sample.submission | place | changes,
            expect="registered",
        )
        for sample in good_samples(count)
    ]


class Desk:
    """An officer at work."""

    def __init__(self, session: aiohttp.ClientSession, url: str) -> None:
        self._session, self._url = session, url

    async def waiting(self, name: str = "waiting") -> list[dict[str, Any]]:
        """Return what lies on the desk, on that list."""
        query = {"list": name, "limit": "500"}
        async with self._session.get(f"{self._url}/v1/desk", params=query) as response:
            assert response.status == 200, await response.text()
            rows: list[dict[str, Any]] = await response.json()
            return rows

    async def read(self, dossier_id: object, what: str = "") -> tuple[int, Any]:
        """Return status and document, or bytes, of what an officer reads of a dossier."""
        async with self._session.get(f"{self._url}/v1/dossiers/{dossier_id}{what}") as response:
            is_json = "json" in response.headers["content-type"]
            return response.status, await (response.json() if is_json else response.read())

    async def act(
        self, dossier_id: object, act: str, seen: int | None = None, **body: Any
    ) -> tuple[int, Any]:
        """Return status and document of an act on that revision, or on whatever it is now."""
        url = f"{self._url}/v1/dossiers/{dossier_id}/{act}"
        headers = {} if seen is None else {"if-match": f'"{seen}"'}
        async with self._session.post(url, json=body or None, headers=headers) as response:
            return response.status, await response.json(content_type=None)


@contextlib.asynccontextmanager
async def a_desk(stack: Stack, unit: str):
    """Give the desk of a unit to one of its officers."""
    status = stack.status()
    bearer = await token(status, ROOT, f"officer-{unit}")
    headers = {"authorization": f"Bearer {bearer}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        yield Desk(session, status.urls["routing"])


@pytest.fixture
async def desk(stack: Stack):
    async with a_desk(stack, UNIT) as one:
        yield one


async def test_a_dossier_waits_until_its_officer_accepts_and_then_goes_on(stack: Stack, desk: Desk):
    async with following(stack.status(), for_the_desk(1)) as journey:
        (track,) = journey.tracks
        await journey.send()
        row = await on_the_desk(desk, track)

        accepted = await desk.act(row["dossier_id"], "accept")
        again = await desk.act(row["dossier_id"], "accept")
        await journey.arrive()

        assert accepted[0] == 200
        assert accepted[1]["status"] == "accepted"
        assert again[0] == 409
        assert "accept" not in again[1]["allowed"]
        assert journey.breaches() == []


async def test_an_officer_returns_with_reasons_of_the_list_only(stack: Stack, desk: Desk):
    async with following(stack.status(), for_the_desk(1)) as journey:
        (track,) = journey.tracks
        await journey.send()
        row = await on_the_desk(desk, track)

        invented = await desk.act(
            row["dossier_id"], "return", kind="supplement", reasons=["because"]
        )
        returned = await desk.act(
            row["dossier_id"], "return", kind="supplement", reasons=["paper_unreadable"]
        )
        await journey.arrive()

        assert invented[0] == 422
        assert [error["field"] for error in invented[1]["errors"]] == ["reasons.0"]
        assert returned[0] == 200
        assert track.outcome == "returned:supplement"
        assert track.reasons == ("paper_unreadable",)


async def test_an_act_on_what_is_no_more_so_is_told_what_has_happened(stack: Stack, desk: Desk):
    async with following(stack.status(), for_the_desk(1)) as journey:
        (track,) = journey.tracks
        await journey.send()
        row = await on_the_desk(desk, track)

        first = await desk.act(row["dossier_id"], "accept", seen=row["revision"])
        second = await desk.act(
            row["dossier_id"], "stop", seen=row["revision"], reason="legal_obstacle"
        )
        await journey.arrive()

        assert (first[0], first[1]["status"]) == (200, "accepted")
        assert second[0] == 412
        told = [(one["event"], one["actor"]) for one in second[1]["changes"]]
        assert ("accepted", f"officer-{UNIT}") in told
        assert track.outcome == "registered"
        assert journey.breaches() == []


async def test_another_units_officer_sees_nothing_of_it(stack: Stack, desk: Desk):
    async with following(stack.status(), for_the_desk(1)) as journey:
        (track,) = journey.tracks
        await journey.send()
        row = await on_the_desk(desk, track)
        async with a_desk(stack, "00691") as other:
            seen = {one["dossier_id"] for one in await other.waiting()}
            refused = await other.act(row["dossier_id"], "accept")

        await desk.act(row["dossier_id"], "accept")
        await journey.arrive()

        assert row["dossier_id"] not in seen
        assert refused[0] == 404


async def test_no_desk_without_an_officers_token(stack: Stack):
    status = stack.status()
    portal = await token(status, ROOT, "national-portal")
    for bearer, expected in ((portal, 403), ("nonsense", 401)):
        headers = {"authorization": f"Bearer {bearer}"}
        async with (
            aiohttp.ClientSession(headers=headers) as session,
            session.get(f"{status.urls['routing']}/v1/desk") as response,
        ):
            assert response.status == expected


async def test_an_unknown_dossier_is_not_found(desk: Desk):
    status, _ = await desk.act(uuid4(), "accept")

    assert status == 404


async def on_the_desk(desk: Desk, track: Any) -> dict[str, Any]:
    """Return the row of a sample once it waits for an officer."""
    found: dict[str, Any] = {}

    async def there() -> bool:
        rows = {one["dossier_code"]: one for one in await desk.waiting()}
        found.update(rows.get(track.code, {}))
        return bool(found)

    await until(there, "the dossier lies on the desk")
    return found
