"""A process to be killed: does one thing of the core under the campaign's overlay.

`python -m tests.stack.overlay_child settle|copies|relay|call DATABASE_URL NOTES`. NOTES is
a file with one JSON line for each thing that reached the outside.
"""

import asyncio
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from plumbing import effects
from plumbing.calls import Answer, Call
from tests.integration.core_broker import Broker, RelayToBroker
from tests.integration.core_kit import FIRST, NOW, RING, Bench, Dossier, open_bench, routed_log
from tests.integration.core_outside import TELL, all_ended, running


def noting(file: Path) -> Callable[..., None]:
    def note(**what: Any) -> None:
        with file.open("a") as lines:
            lines.write(json.dumps(what) + "\n")

    return note


async def settle(bench: Bench, note: Callable[..., None]) -> None:
    await bench.settle(routed_log(Dossier(), Dossier()).records[FIRST])


async def copies(bench: Bench, note: Callable[..., None]) -> None:
    """Settle two events of a dossier, then both again, and one of another from behind a gap."""
    dossier, other = Dossier(), Dossier()
    log = routed_log(dossier)
    for record in [*log.records[FIRST]]:
        log.add(record.topic, record.value, record.key)
    other.says("routed")
    log.add(FIRST.topic, other.says("accepted"), other)
    await bench.settle(log.records[FIRST])
    note(trail=await bench.trail(dossier), behind_a_gap=await bench.trail(other))


async def relay(bench: Bench, note: Callable[..., None]) -> None:
    def taken(sent: tuple[str, bytes, bytes | None]) -> str:
        note(key=sent[1].decode())
        return "taken"

    await bench.settle(routed_log(Dossier(), Dossier()).records[FIRST])
    relaying = asyncio.create_task(RelayToBroker(bench.url, Broker(says=taken)).run())
    while await bench.count("outbox"):
        await asyncio.sleep(0.02)
    relaying.cancel()


async def call(bench: Bench, note: Callable[..., None]) -> None:
    """Make one call whose first answer is none."""
    answers = [Answer("unknown"), Answer("done")]

    async def outside(made: Call) -> Answer:
        note(key=str(made.effect_id), in_doubt=made.in_doubt)
        return answers.pop(0)

    effects.backoff = lambda attempt: 0.02
    await bench.bring(Dossier(), TELL)
    executor = effects.Executor(bench.part, bench.pool, RING, {"toy": outside}, lambda: NOW)
    async with running(executor):
        await all_ended(bench)


async def main(what: str, url: str, notes: str) -> None:
    """Do it on an empty database; returns when it is done, if the process lives so long."""
    async with open_bench(url) as bench:
        await {"settle": settle, "copies": copies, "relay": relay, "call": call}[what](
            bench, noting(Path(notes))
        )


if __name__ == "__main__":
    import overlay_points

    overlay_points.install(os.environ["CHAOS_FOLDER"], "notifier-0", os.environ["BROKEN_BUILD"])
    asyncio.run(main(*sys.argv[1:]))
