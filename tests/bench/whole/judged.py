"""The verdict after a run: every invariant of the campaign, over everything there is so far."""

import asyncio
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from time import monotonic
from typing import Any

from tests.bench.whole.ground import GIVE_UP_SECONDS, Ground
from tests.chaos.campaign.course import Course
from tests.chaos.campaign.evidence import gather
from tests.chaos.campaign.verdict import judge
from tests.chaos.campaign.waiting import Waiting

_QUIET_LOOKS = 2
#: While something waits one looks seldom: each look takes from what is measured.
_LOOK_SECONDS, _QUIET_SECONDS = 1.0, 0.3


class NotDrained(Exception):
    """Something waited on and on; says what."""


async def drained(ground: Ground) -> None:
    """Return when nothing waits anywhere; raises NotDrained."""
    quiet, give_up, told = 0, monotonic() + GIVE_UP_SECONDS, monotonic() + 5
    async with Waiting(ground.status) as waiting:
        while quiet < _QUIET_LOOKS:
            left = await waiting.left()
            quiet = 0 if left else quiet + 1
            words = ", ".join(f"{what} {count}" for what, count in left.items())
            if monotonic() > give_up:
                raise NotDrained(words)
            if left and monotonic() > told:
                told = monotonic() + 5
                ground.console.print(f"  still to do: {words}")
            await asyncio.sleep(_LOOK_SECONDS if left else _QUIET_SECONDS)


async def broken(ground: Ground) -> list[str]:
    """Return each breach in a line, none when every invariant holds; the stack must be quiet."""
    await _archived(ground)
    now = datetime.now(UTC)
    course = Course(
        seed=0,
        minutes=(now - ground.began_at).total_seconds() / 60,
        brokers=1,
        began_at=ground.began_at,
        load_ended_at=now,
        healed_at=now,
        drained_at=now,
        faults=(),
        sent=tuple(ground.sent.values()),
        forged=(),
        again=(),
        personal=tuple(sorted(ground.personal)),
    )
    evidence = await gather(ground.status, course, ground.stack.place.root)
    evidence = replace(evidence, journal=_Journal(ground, evidence.journal))
    verdicts = (await asyncio.to_thread(judge, evidence, course)).verdicts
    return [
        f"{one.name}: {one.actual}; {'; '.join(one.breaches[:3])}"
        for one in verdicts
        if not one.holds
    ]


@dataclass(frozen=True)
class _Journal:
    """The outside's journal, with what portals sent past the sandbox before it."""

    ground: Ground
    outside: Iterable[Mapping[str, Any]]

    def __iter__(self) -> Iterator[Mapping[str, Any]]:
        for one in self.ground.sent.values():
            at = one.sent_at.isoformat()
            sent = {"kind": "portal.submitted", "key": one.reference, "at": at}
            yield {**sent, "portal": one.portal, "road": one.road}
        yield from self.outside


async def _archived(ground: Ground) -> None:
    """Return when the audit wrote what came last: it does so every two seconds."""
    await asyncio.sleep(3)
