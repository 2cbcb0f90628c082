"""`make replay`: the seven provinces of the letter move, month by month, on invented days.

The stack is stopped and started again for each stop, its clock set to that day and its data kept:
a submission may lie 30 days back at most, so no stack that lives on one day can take them all.
"""

import asyncio
import os
import time
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

from rich.console import Console

from local_stack import promise, replay_board
from local_stack.credentials import REPLAY_UNITS
from local_stack.errors import StackFailed
from local_stack.following import Follower
from local_stack.replay_law import MoveLaw, write_law
from local_stack.run import interruptible, stay
from local_stack.samples import Unfinished, send_all, until_ended
from local_stack.stack import Stack
from local_stack.status import Status
from local_stack.tracks import Track
from reference import MoveState
from sandbox.samples import Sample, load

NAME = "replay"
STOPS = (
    date(2021, 10, 15),
    date(2021, 11, 15),
    date(2021, 12, 15),
    date(2022, 1, 14),
    date(2022, 2, 15),
    date(2022, 3, 15),
)
#: Officers of these communes receive, and never come: what waits there grows old.
SLOW_UNITS = REPLAY_UNITS
DIRECT = "moj-direct"


@dataclass(frozen=True)
class Stop:
    """What a stop gave: how many dossiers were sent, and what the board says then."""

    day: date
    sent: int
    board: replay_board.Board


def main(once: bool) -> int:
    """Live through the months; with `once` end by itself, else let people look at the pages."""
    root, console, began = Path.cwd(), Console(), time.monotonic()
    interruptible()
    law = write_law(root / "build" / "replay-law")
    for number, day in enumerate(STOPS):
        with living_on(root, day, law, fresh=number == 0) as stack:
            stop = asyncio.run(live(stack.status(), day, law))
            console.print(replay_board.grid(day, stop.board))
            if day == STOPS[-1]:
                console.print(f"{time.monotonic() - began:.1f} s in all. {len(STOPS)} stops.")
                if not once:
                    for line in replay_board.links(stack.status(), _months(day)):
                        console.print(line, soft_wrap=True)
                    stay(console, stack.status(), joined=False)
    return 0


def living_on(root: Path, day: date, law: MoveLaw, *, fresh: bool, name: str = NAME) -> Stack:
    """Return the stack of the replay, to be entered, with its clock on that day."""
    os.environ |= {
        "AS_OF": day.isoformat(),
        "REFERENCE_DATA": str(law.folder),
        "OFFICER_UNITS": ",".join(SLOW_UNITS),
        "SANDBOX_REGISTER_SECONDS": "0.1",
    }
    return Stack(root, name, fresh=fresh)


async def live(status: Status, day: date, law: MoveLaw) -> Stop:
    """Send a month's dossiers, wait for their end, check the promise and read the board.

    Raises StackFailed for a promise that does not hold.
    """
    samples = [on_its_road(one, n, day, law) for n, one in enumerate(load(status.now))]
    tracks = [Track(one) for one in samples]
    ending = [track for track in tracks if track.sample.submission["unit_code"] not in SLOW_UNITS]
    follower = Follower(status, tracks)
    await follower.start()
    reading = asyncio.create_task(follower.run())
    try:
        await send_all(status.sandbox["url"], tracks)
        await until_ended(ending, follower, lambda shown, events: None, status.sandbox["url"])
    except Unfinished as unfinished:
        raise StackFailed(NAME, str(unfinished)) from None
    finally:
        reading.cancel()
        await asyncio.wait([reading])
        await follower.stop()
    journal = promise.read_journal(Path(status.sandbox["journal"]))
    if breaches := promise.broken_promises(ending, journal):
        raise StackFailed(NAME, "\n".join(breaches))
    return Stop(day, len(tracks), await replay_board.read(status, _months(day), len(tracks), day))


def on_its_road(sample: Sample, number: int, day: date, law: MoveLaw) -> Sample:
    """Return the sample, handed in by a road that is open to it that day.

    In `legacy` all come by the direct form; while both are open, every second one.
    """
    province = sample.submission["province_code"]
    state = law.state(province, day)
    if state is MoveState.LEGACY or (state is MoveState.DUAL and number % 2 == 0):
        return replace(sample, portal=DIRECT)
    if sample.portal == DIRECT:
        return replace(sample, portal=f"provincial-portal-{province}")
    return sample


def _months(day: date) -> tuple[date, date]:
    return STOPS[0].replace(day=1), day
