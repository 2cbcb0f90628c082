"""Portals on the whole stack: the feed says what the callbacks said, and one comes once more."""

from collections import defaultdict
from pathlib import Path
from typing import Any

import aiohttp

from local_stack.promise import read_journal
from local_stack.stack import Stack
from local_stack.status import Status
from local_stack.tracks import LATE
from tests.conftest import ROOT
from tests.flow.kit import fault, following, good_samples, token, until


async def _feed(status: Status, portal: str) -> list[dict[str, Any]]:
    """Return the whole feed of a portal as it is now, read in small pages."""
    headers = {"authorization": f"Bearer {await token(status, ROOT, portal)}"}
    found: list[dict[str, Any]] = []
    url = f"{status.urls['notifier']}/v1/feed"
    params = {"limit": "7"}
    async with aiohttp.ClientSession(headers=headers) as http:
        while True:
            async with http.get(url, params=params) as response:
                assert response.status == 200, await response.text()
                page = await response.json()
            if not page["items"]:
                return found
            found += [one["data"] for one in page["items"]]
            params["after"] = page["next"]


async def test_given_dossiers_of_several_portals_then_each_reads_in_its_feed_what_it_was_told(
    stack: Stack,
):
    status = stack.status()
    samples = good_samples(8)
    async with following(status, samples) as journey:
        await journey.send()
        await journey.arrive()
        codes = {track.code for track in journey.tracks}
        portals = {track.sample.portal for track in journey.tracks}
        told: defaultdict[str, list[tuple[str, str, int]]] = defaultdict(list)
        for entry in read_journal(Path(status.sandbox["journal"])):
            if entry["kind"] == "portal.callback" and entry["dossier_code"] in codes:
                told[entry["portal"]].append(
                    (entry["dossier_code"], entry["event_id"], entry["status"])
                )

        for portal in portals:
            read: list[tuple[str, str, int]] = []

            async def is_whole(portal: str = portal, read: Any = read) -> bool:
                feed = await _feed(status, portal)
                read[:] = [
                    (one["dossier_code"], one["event_id"], one["status"])
                    for one in feed
                    if one["dossier_code"] in codes
                ]
                return len(read) >= len(told[portal])

            await until(is_whole, f"the feed of {portal}")
            for code in codes:
                assert [one for one in read if one[0] == code] == [
                    one for one in told[portal] if one[0] == code
                ]
        assert journey.breaches() == []


async def test_given_a_told_step_when_its_portal_asks_then_it_comes_once_more_by_itself(
    stack: Stack,
):
    status = stack.status()
    (sample,) = [one for one in good_samples(40) if one.portal == "national-portal"][:1]
    async with following(status, [sample]) as journey:
        await journey.send()
        await journey.arrive()
        (track,) = journey.tracks
    url = status.urls["notifier"]
    headers = {"authorization": f"Bearer {await token(status, ROOT, 'national-portal')}"}
    reference = {"portal_reference": track.sample.submission["portal_reference"]}
    async with aiohttp.ClientSession(headers=headers) as http:
        async with http.get(f"{url}/v1/deliveries", params=reference) as response:
            first = (await response.json())["items"][0]
        async with http.post(f"{url}/v1/deliveries/{first['id']}/redeliver") as response:
            assert response.status == 202, await response.text()
            again = (await response.json())["id"]

    async def has_come() -> bool:
        entries = read_journal(Path(status.sandbox["journal"]))
        return [
            (one["event_id"], one["step"])
            for one in entries
            if one["kind"] == "portal.callback" and one["key"] == again
        ] == [(first["event_id"], first["step"])]

    await until(has_come, "the step told again")


async def test_given_the_national_portal_in_trouble_then_its_own_calls_bring_each_step_once(
    stack: Stack,
):
    status = stack.status()
    samples = [one for one in good_samples(40) if one.portal == "national-portal"][:4]
    async with following(status, samples) as journey:
        async with fault(status, "national", kind="lost_answer", share=0.4, times=15):
            await journey.send()
            await journey.arrive()
        expected = {
            track.code: [heard.key for heard in track.steps.values() if heard.step not in LATE]
            for track in journey.tracks
        }

        async def is_whole() -> bool:
            steps = _progress(status)
            return all(set(keys) <= set(steps[code]) for code, keys in expected.items())

        await until(is_whole, "every step at the National Portal")
        steps = _progress(status)
        for code, keys in expected.items():
            seen = [step for step in dict.fromkeys(steps[code]) if step in keys]
            assert sorted(seen) == sorted(keys)
            assert seen[:2] == ["submitted", "accepted"]
        assert journey.breaches() == []


def _progress(status: Status) -> defaultdict[str, list[str]]:
    """Return the steps of each dossier as the National Portal's interface took them, in order."""
    found: defaultdict[str, list[str]] = defaultdict(list)
    for entry in read_journal(Path(status.sandbox["journal"])):
        if entry["kind"] == "national.progress":
            found[entry["key"]].append(entry["step"])
    return found
