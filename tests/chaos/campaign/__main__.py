"""`make chaos`: one campaign of faults from nothing to its verdict."""

import asyncio
import logging
import os
import random
import signal
import sys
import time
from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from rich.console import Console

from local_stack.stack import Stack
from tests.chaos.campaign import run
from tests.chaos.campaign.judging import judged
from tests.chaos.campaign.timeline import lines, timeline
from tests.chaos.campaign.verdict import Judgement

NAME = "chaos"
RATE = 8.0


def settings() -> run.Settings:
    """Return what the environment asks for; the seed is random unless it is named."""
    seed = int(os.environ.get("SEED") or random.SystemRandom().randrange(1, 1_000_000))
    minutes = float(os.environ.get("MINUTES") or 5)
    brokers = int(os.environ.get("BROKERS") or 1)
    rate = float(os.environ.get("RATE") or RATE)
    return run.Settings(seed, minutes, brokers, rate, timeline(seed, minutes, brokers))


def main() -> int:
    """Run the campaign; return 0 when every invariant holds, 1 else."""
    root, console, chosen = Path.cwd(), Console(), settings()
    began = time.monotonic()
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    # `kill` and a closed terminal stop everything, as Ctrl-C does.
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _interrupt)

    def say(line: str) -> None:
        console.print(f"{time.monotonic() - began:6.1f} s  {line}", highlight=False, markup=False)

    say(f"SEED={chosen.seed} MINUTES={chosen.minutes:g} BROKERS={chosen.brokers}")
    for line in lines(chosen.faults):
        console.print(line, highlight=False, markup=False)
    broken = os.environ.get("BROKEN_BUILD", "")
    os.environ.update(run.environment(run.folder_of(root, NAME), chosen.brokers, broken))
    with Stack(root, NAME, fresh=True) as stack:
        say("everything is up; the load begins")
        judgement = asyncio.run(_until_stopped(judged(stack, chosen, say)))
        state = stack.status().state
    console.print(judgement.tables())
    path = root / "build" / f"chaos-{chosen.seed}.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(judgement.as_json(), encoding="utf-8")
    say(f"{path.relative_to(root)}; journals, logs and topics are in {state}")
    return 0 if judgement.holds else 1


async def _until_stopped(whole: Coroutine[Any, Any, Judgement]) -> Judgement:
    """Return the judgement; a signal cancels it where it waits, as Ctrl-C does.

    What a handler raises would be lost in whatever code of the interpreter it happens to meet.
    """
    task, asked = asyncio.ensure_future(whole), asyncio.Event()

    def stop() -> None:
        asked.set()
        task.cancel()

    for name in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(name, stop)
    try:
        return await task
    except asyncio.CancelledError as error:
        if asked.is_set():
            raise KeyboardInterrupt from None
        raise RuntimeError("cancelled from inside: by a client, not by a signal") from error


def _interrupt(signum: int, frame: object) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
