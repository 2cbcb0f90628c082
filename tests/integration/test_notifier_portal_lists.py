"""A portal's list as it comes over the wire: in pieces, too long, with rows nobody can read."""

import contextlib
import json
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from aiohttp import ClientSession, web

from notifier import outside, portal_lists
from notifier.portal_lists import PortalAway, PortalList, PortalMisspoke
from notifier.settings import PortalAddress
from tests.integration.sandbox_process import WEBHOOK_SECRET, free_port


@pytest.fixture
async def http() -> AsyncIterator[ClientSession]:
    async with outside.open_session() as session:
        yield session


@contextlib.asynccontextmanager
async def a_portal(
    http: ClientSession, body: bytes, status: int = 200
) -> AsyncIterator[PortalList]:
    """Give the list of a portal that always answers so."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(status=status, body=body)

    app = web.Application()
    app.router.add_post("/", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", port := free_port()).start()
    url = f"http://127.0.0.1:{port}/"
    address = PortalAddress(url=url, dossiers_url=url, secret=WEBHOOK_SECRET)
    try:
        yield PortalList(http, address, lambda: datetime.now(UTC))
    finally:
        await runner.cleanup()


def row(reference: str, **more: Any) -> dict[str, Any]:
    """Return a dossier as a portal lists it."""
    return {"portal_reference": reference, "submitted_at": "2026-11-24T08:00:00+07:00", **more}


def listed(*rows: Any, following: str = "", padding: int = 0) -> bytes:
    """Return a page of a list, with that much white space before it."""
    return b" " * padding + json.dumps({"dossiers": rows, "next": following}).encode()


async def test_given_a_list_of_many_pieces_then_all_of_it_is_read(http):
    rows = [row(f"R-{number}", status=2) for number in range(portal_lists.PAGE)]
    async with a_portal(http, listed(*rows, padding=3 * 1024 * 1024)) as portal:
        page = await portal.of(["R-1"])

    assert [one.portal_reference for one in page.dossiers] == [
        one["portal_reference"] for one in rows
    ]
    assert (page.unreadable, page.nameless) == ((), 0)


async def test_given_a_list_beyond_the_bound_then_the_portal_misspoke(http):
    async with a_portal(http, listed(padding=portal_lists.MOST_BYTES)) as portal:
        with pytest.raises(PortalMisspoke):
            await portal.of(["R-1"])


async def test_given_bad_rows_then_they_cost_only_themselves(http):
    bad: list[Any] = [row("R-2", status=11), row("R-3", name="somebody"), {"status": 1}, "R-4"]
    bad.append(row("no reference at all"))
    async with a_portal(http, listed(row("R-1", status=2), *bad, row("R-5"))) as portal:
        page = await portal.of(["R-1"])

    assert [one.portal_reference for one in page.dossiers] == ["R-1", "R-5"]
    assert (page.unreadable, page.nameless) == (("R-2", "R-3"), 3)
    assert page.said_of("R-1") == page.dossiers[0]
    assert page.said_of("R-2") == page.said_of("R-6") == "unreadable"


@pytest.mark.parametrize("body", [b"{}", b"[]", b"nothing", listed(following="n" * 257)])
async def test_given_no_list_at_all_then_the_portal_misspoke(http, body):
    async with a_portal(http, body) as portal:
        with pytest.raises(PortalMisspoke):
            await portal.after("", None)


@pytest.mark.parametrize(("place", "following"), [("b", "b"), ("b", "a"), ("b", "B")])
async def test_given_a_list_that_goes_back_then_the_portal_misspoke(http, place, following):
    async with a_portal(http, listed(following=following)) as portal:
        with pytest.raises(PortalMisspoke):
            await portal.after(place, None)


async def test_given_a_list_that_goes_on_then_its_next_place_is_told(http):
    async with a_portal(http, listed(following="c")) as portal:
        assert (await portal.after("b", None)).next == "c"


@pytest.mark.parametrize(
    ("status", "at_work"), [(400, True), (404, True), (401, False), (429, False), (503, False)]
)
async def test_given_another_answer_then_the_portal_is_away_and_perhaps_at_work(
    http, status, at_work
):
    async with a_portal(http, b"", status) as portal:
        with pytest.raises(PortalAway, match=f"http_{status}") as away:
            await portal.of(["R-1"])

    assert away.value.at_work is at_work
