"""The topics told once more to the services' own rules: does the same come out?"""

import asyncio
import json
import os
import zlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import UUID

import asyncpg

from contracts.asyncapi import READS
from contracts.envelope import MalformedEvent, decode
from contracts.topics import LIFECYCLE, PARTICULARS
from local_stack.status import Status
from plumbing.sealing import KeyRing
from tests.chaos.campaign.course import Course
from tests.chaos.campaign.dump import Record
from tests.chaos.campaign.heard import Heard, heard_event, heard_particulars
from tests.chaos.campaign.replayed import (
    Effects,
    Replayed,
    Telling,
    is_word,
    parts,
    same,
    without_gateway,
)

#: The dossiers are told in so many goes, so that not all of the log is in memory at once.
GOES = 4
#: How many messages are told at most to find the order in which a dossier was heard.
MOST_STEPS = 3000
#: Of more dossiers than these no other order is looked for: it is no race that made them differ.
MOST_RACES = 50
MOST_DIFFERENCES = 100


@dataclass(frozen=True)
class Replay:
    """How many dossiers were told once more, how many cannot be, and what came out otherwise."""

    dossiers: int = 0
    left_out: int = 0
    differences: tuple[str, ...] = ()


@dataclass
class _Count:
    dossiers: int = 0
    left_out: int = 0
    differences: list[str] = field(default_factory=list)


async def replay_all(
    status: Status,
    root: Path,
    topics: Mapping[str, Iterable[Record]],
    databases: Mapping[str, Mapping[str, Sequence[Mapping[str, Any]]]],
    course: Course,
) -> dict[str, Replay]:
    """Return for each service but the intake what a replay of its topics gives.

    Officers' acts and sweeps are on no topic, so dossiers with such a cause are left out, as are
    those with forged events.
    """
    secrets = json.loads((root / status.secrets).read_text(encoding="utf-8"))
    keys = KeyRing.from_json(json.dumps(secrets["particulars_keys"]))
    units = os.environ.get("OFFICER_UNITS", "")
    found = {}
    for service, part in parts(keys, units).items():
        effects = _effects(databases[service].get("effect", ()))
        count = _Count()
        connection = await asyncpg.connect(status.databases[service])
        try:
            for go in range(GOES):
                stories = await asyncio.to_thread(_stories, service, topics, keys, course, go)
                replayed = Replayed(service, part, effects)
                await _tell(connection, replayed, stories, count)
        finally:
            await connection.close()
        shown = tuple(count.differences[:MOST_DIFFERENCES])
        found[service] = Replay(count.dossiers, count.left_out, shown)
    return found


def _effects(rows: Iterable[Mapping[str, Any]]) -> Effects:
    return {(row["dossier_id"], without_gateway(row["kind"])): row for row in rows}


@dataclass
class Story:
    """What a service heard of one dossier, by source, and what it said of it.

    The register's words are heard where registry-sync passed them on.
    """

    heard: defaultdict[str, dict[int, Heard]] = field(default_factory=lambda: defaultdict(dict))
    said: dict[int, Any] = field(default_factory=dict)
    strange: bool = False


def _stories(
    service: str,
    topics: Mapping[str, Iterable[Record]],
    keys: KeyRing,
    course: Course,
    go: int,
) -> dict[str, Story]:
    """Return the stories of a share of the dossiers."""
    stories: defaultdict[str, Story] = defaultdict(Story)
    forged = frozenset(course.forged)
    for topic in (*READS[service], LIFECYCLE[service]):
        for record in topics.get(topic.name, ()):
            dossier = (record.key or b"").decode(errors="replace")
            if zlib.crc32(dossier.encode()) % GOES != go:
                continue
            if record.place in forged:
                stories[dossier].strange = True
            elif topic is PARTICULARS:
                one = heard_particulars(record, keys)
                stories[dossier].heard["particulars"].setdefault(one.number, one)
            else:
                _take(stories[dossier], service, record)
    return stories


def _take(story: Story, service: str, record: Record) -> None:
    try:
        event = decode(record.value or b"")
    except MalformedEvent:
        story.strange = True
        return
    if event.service == service:
        story.said.setdefault(event.sequence, event)
    if event.service != service or is_word(event):
        known = story.heard[event.service]
        known.setdefault(event.sequence, heard_event(event, record.at_ms))


async def _tell(
    connection: Any, replayed: Replayed, stories: Mapping[str, Story], count: _Count
) -> None:
    told = {}
    for dossier, story in stories.items():
        said = [story.said[number] for number in sorted(story.said)]
        if story.strange or any(one.causeid.startswith(("command:", "sweep:")) for one in said):
            count.left_out += 1
        else:
            told[dossier] = (story, said)
    ids = [UUID(dossier) for dossier in told]
    kept = await replayed.part.store.load(connection, ids)
    for dossier, (story, said) in told.items():
        count.dossiers += 1
        state = kept.get(UUID(dossier))
        if state is None:
            count.differences.append(f"{dossier}: nothing is kept")
        elif why := _compared(replayed, state, story, said, _steps(count)):
            count.differences.append(f"{dossier}: {why}")


def _compared(replayed: Replayed, kept: Any, story: Story, said: Sequence[Any], steps: int) -> str:
    try:
        return compare(replayed, kept, story, said, steps)
    except Exception as error:  # a rule that cannot take what it once took is a difference too
        return f"a rule raised {type(error).__name__}"


def _steps(count: _Count) -> int:
    return MOST_STEPS if len(count.differences) < MOST_RACES else 0


def compare(replayed: Replayed, kept: Any, story: Story, said: Sequence[Any], steps: int) -> str:
    """Return the difference by the broker's order; "" if there is none, or in no other order.

    Topics are read side by side, so a reader may have taken them in any order that keeps each
    one's own. So many `steps` are gone to find it.
    """
    streams = [
        tuple(known[number] for number in sorted(known)) for known in story.heard.values() if known
    ]
    by_broker = sorted((one for stream in streams for one in stream), key=_at)
    why = same(replayed.service, kept, *replayed.tell(kept, by_broker, said), said)
    begin = Telling(replayed, kept, said)
    return "" if not why or _is_found(replayed, kept, streams, begin, said, steps) else why


def _is_found(
    replayed: Replayed,
    kept: Any,
    streams: Sequence[tuple[Heard, ...]],
    begin: Telling,
    said: Sequence[Any],
    steps: int,
) -> bool:
    """Return whether an order of the streams gives what is kept; the likeliest are tried first."""
    ways = [(tuple(0 for _ in streams), begin)]
    while ways and steps > 0:
        places, telling = ways.pop()
        following = [(i, streams[i][at]) for i, at in enumerate(places) if at < len(streams[i])]
        if not following and not same(replayed.service, kept, telling.state, telling.events, said):
            return True
        for number, one in sorted(following, key=lambda known: -_at(known[1])):
            steps -= 1
            after = telling.after(one)
            if after.may_come_true:
                ways.append((tuple(at + (i == number) for i, at in enumerate(places)), after))
    return False


def _at(one: Heard) -> int:
    return one.at_ms
