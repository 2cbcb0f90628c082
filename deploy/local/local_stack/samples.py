"""Sends the sample dossiers through the portals and waits until everyone has heard the end."""

import asyncio
import contextlib
import json
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import asyncpg
from aiokafka.errors import KafkaError
from rich.console import Console

from local_stack import promise, table
from local_stack.as_of import stack_name
from local_stack.errors import StackFailed
from local_stack.following import Follower
from local_stack.places import Place
from local_stack.status import Status, current
from local_stack.tracks import Track
from sandbox.samples import BadSample, load, load_rejected

AT_ONCE = 8
#: Without any progress for this long, something is wrong.
STALL_SECONDS = 60.0


DATABASE = (asyncpg.PostgresError, asyncpg.InterfaceError, ConnectionError)
#: What tells that a component went away, or was away from the start.
AWAY = (KafkaError, aiohttp.ClientError, *DATABASE, OSError)


class PromiseBroken(Exception):
    """The run ended and the journal does not show what was promised; one line per breach."""


class Unfinished(Exception):
    """Nothing moved for a long time; one line per dossier that is not at its end."""


Watch = Callable[[Sequence[Track], int], None]


async def run_samples(status: Status, watch: Watch) -> dict[str, Any]:
    """Send all samples, follow them to their end and check the promise; return the summary.

    Raises Unfinished or PromiseBroken.
    """
    tracks = [Track(sample) for sample in (*load(status.now), *load_rejected(status.now))]
    follower = Follower(status, tracks)
    await follower.start()
    reading = asyncio.create_task(follower.run())
    try:
        before = await promise.waiting(status)
        await send_all(status.sandbox["url"], tracks)
        await until_ended(tracks, follower, watch, status.sandbox["url"])
        await _until_settled(status, before)
    finally:
        reading.cancel()
        await asyncio.wait([reading])
        await follower.stop()
    if not reading.cancelled() and (lost := reading.exception()):
        raise lost
    journal = promise.read_journal(Path(status.sandbox["journal"]))
    breaches = promise.broken_promises(tracks, journal)
    if breaches:
        raise PromiseBroken("\n".join(breaches))
    return table.summary(tracks)


async def send_all(sandbox_url: str, tracks: Sequence[Track]) -> None:
    gate = asyncio.Semaphore(AT_ONCE)
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=90)) as session:

        async def send(track: Track) -> None:
            sample = track.sample
            url = f"{sandbox_url}/portals/{sample.portal}/submissions"
            body = {"road": sample.road, "submission": sample.submission}
            async with gate, session.post(url, json=body) as response:
                document = await response.json()
            if sample.expect == "rejected" or document.get("problem"):
                await _note_refusal(session, sandbox_url, track, document)
            elif response.status >= 400:
                raise StackFailed("sandbox", f"could not send {sample.id}: {document}")

        await asyncio.gather(*(send(track) for track in tracks))


async def _follow_up(sandbox_url: str, tracks: Sequence[Track]) -> None:
    if not tracks:
        return
    async with aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=90)) as session:
        for track in tracks:
            what = track.follow_up
            assert what is not None
            url = f"{sandbox_url}/portals/{track.sample.portal}/{what.send}s"
            # Before the answer: the one-stop may decide again while the portal still waits.
            track.follow()
            async with session.post(url, json={"road": what.road, what.send: what.body}) as got:
                if got.status >= 400:
                    raise StackFailed("sandbox", f"{track.sample.id}: {await got.text()}")


async def _note_refusal(
    session: aiohttp.ClientSession, sandbox_url: str, track: Track, document: Any
) -> None:
    """Wait for the portal to know of the refusal: at once over HTTP, by a reply on the bus."""
    url = f"{sandbox_url}/portals/{track.sample.portal}/dossiers"
    reference = track.sample.submission.get("portal_reference")
    until = time.monotonic() + STALL_SECONDS
    while time.monotonic() < until:
        async with session.get(url) as response:
            known = {one["portal_reference"]: one for one in await response.json()}
        problem = known.get(reference, {}).get("problem")
        if problem:
            track.state, track.ended_at = "refused", datetime.now(UTC)
            rules = (str(one.get("rule")) for one in problem.get("errors", ()))
            track.refusal = ", ".join(rules) or str(problem.get("title"))
            return
        if known.get(reference, {}).get("dossier_code"):
            return
        await asyncio.sleep(0.2)


async def until_ended(
    tracks: Sequence[Track], follower: Follower, watch: Watch, sandbox_url: str
) -> None:
    """Return when every track is at its end; what portals still have to send, they send."""
    last_events, moved_at = -1, time.monotonic()
    while not all(track.ended for track in tracks):
        watch(tracks, follower.events)
        await _follow_up(sandbox_url, [track for track in tracks if track.follow_up])
        if follower.events != last_events:
            last_events, moved_at = follower.events, time.monotonic()
        if time.monotonic() - moved_at > STALL_SECONDS:
            waiting = [track for track in tracks if not track.ended]
            raise Unfinished(
                "\n".join(
                    f"{track.sample.id} {track.code}: {track.state},"
                    f" told {len(track.told)}/{len(track.steps)},"
                    f" portal {len(track.informed)}/{len(track.steps)}"
                    for track in waiting
                )
            )
        follower.changed.clear()
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(follower.changed.wait(), 0.25)
    watch(tracks, follower.events)


async def _until_settled(status: Status, before: Counter[str]) -> None:
    """Wait until the databases hold no more than before; what could still double shows there."""
    until = time.monotonic() + 15
    while left := (await promise.waiting(status)) - before:
        if time.monotonic() > until:
            raise Unfinished("\n".join(f"{what}: {count}" for what, count in left.items()))
        await asyncio.sleep(0.2)


def write_report(root: Path, figures: dict[str, Any]) -> Path:
    """Write `build/run.json` and return its path."""
    path = root / "build" / "run.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return path


def report(console: Console, root: Path, figures: dict[str, Any]) -> None:
    """Print the summary and write it to `build/run.json`."""
    console.print(table.summary_view(figures))
    path = write_report(root, figures)
    console.print(f"The promise holds: checked against the journal. {path.relative_to(root)}")


def outcome(
    console: Console, root: Path, status: Status, watching: AbstractContextManager[Watch]
) -> int:
    """Run the samples on a stack that is up, watched; return the exit code."""
    try:
        with watching as watch:
            figures = asyncio.run(run_samples(status, watch))
    except PromiseBroken as broken:
        console.print(f"[red]The promise is broken:[/red]\n{broken}")
        return 2
    except Unfinished as unfinished:
        console.print(f"[red]Not everything came to its end:[/red]\n{unfinished}")
        console.print("`make logs` shows why.")
        return 3
    except BadSample as error:
        console.print(f"[red]{error}[/red]")
        console.print("What to do: choose a day from 2021-10-12 on, AS_OF=2021-11-15.")
        return 1
    except AWAY as error:
        console.print(f"[red]{_who(error)} does not answer ({type(error).__name__}).[/red]")
        console.print(
            "What to do: `make logs` shows why, `make status` what is stopped;"
            " `make start SERVICE=...` starts it again, then send the samples again."
        )
        return 1
    report(console, root, figures)
    return 0


def _who(error: BaseException) -> str:
    if isinstance(error, KafkaError):
        return "Kafka"
    if isinstance(error, aiohttp.ClientError):
        return "The sandbox"
    return "PostgreSQL" if isinstance(error, DATABASE) else "A component"


def main() -> int:
    """Send the samples to the stack that is up; return the exit code."""
    root = Path.cwd()
    status = current(Place(root, stack_name()))
    if not status.running:
        raise StackFailed("stack", "is not running", advice="`make up` starts it")
    return outcome(Console(), root, status, contextlib.nullcontext(lambda tracks, events: None))
