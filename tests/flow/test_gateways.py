"""Two SMS gateways: one dies under the load, and every step is told once by the other."""

import asyncio
import re
from collections import Counter
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from local_stack.promise import read_journal
from local_stack.stack import Stack
from tests.flow.kit import fault, following, good_samples, told_by


def sent_for(stack: Stack, codes: set[str]) -> list[dict[str, Any]]:
    """Return the SMS that gateways sent for these dossiers."""
    entries = read_journal(Path(stack.status().sandbox["journal"]))
    sent = [entry for entry in entries if entry["kind"] == "sms.sent"]
    return [entry for entry in sent if str(entry["reference"]).split(":")[0] in codes]


async def test_a_gateway_that_takes_nothing_then_the_other_tells_every_step_once(stack: Stack):
    status = stack.status()
    async with following(status, told_by("sms", good_samples(100))[:10]) as journey:
        async with fault(status, "sms-1", kind="busy", share=1.0):
            await journey.send()
            await journey.arrive()

        assert journey.breaches() == []
        entries = sent_for(stack, {track.code for track in journey.tracks})
        assert {entry["gateway"] for entry in entries} == {"sms-2"}
        assert {channel for track in journey.tracks for channel in track.told.values()} == {"sms"}


async def open_again(stack: Stack) -> None:
    """Wait until no gateway's valve is shut by the test before; only what is sent opens one."""
    status = stack.status()
    async with asyncio.timeout(100), aiohttp.ClientSession() as session:
        while True:
            async with session.get(f"{status.urls['notifier']}/metrics") as got:
                shut = re.findall(r'valve_shut\{[^}]*kind="sms-\d"[^}]*\} 1', await got.text())
            if not shut:
                return
            async with following(status, told_by("sms", good_samples(100))[:2]) as journey:
                await journey.send()
                await journey.arrive()


@pytest.mark.timeout(240)
@pytest.mark.parametrize("dying", ["sms-1", "sms-2"])
async def test_a_gateway_dies_with_messages_under_way_then_nobody_is_told_by_both(
    stack: Stack, dying: str
):
    await open_again(stack)
    status = stack.status()
    async with following(status, told_by("sms", good_samples(100))[:10]) as journey:
        # The first ones lose their answers: they are in doubt, and wait for that gateway alone.
        async with fault(status, dying, kind="lost_answer", share=1.0, times=4):
            await journey.send()
            await journey.arrive()

        assert journey.breaches() == []
        entries = sent_for(stack, {track.code for track in journey.tracks})
        assert set(Counter(entry["reference"] for entry in entries).values()) == {1}
        assert {entry["gateway"] for entry in entries} == {"sms-1", "sms-2"}
