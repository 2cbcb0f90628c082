"""Makes a service's database once more from the log, in a scratch schema beside the live one."""

import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Any, TypeVar
from uuid import UUID

from contracts.asyncapi import READS
from contracts.decision import State
from contracts.topics import LIFECYCLE, PARTICULARS
from plumbing.accesses.opening import opening
from plumbing.accesses.rows import by_service
from plumbing.database import Conn
from plumbing.rebuilding import scratch
from plumbing.rebuilding.planning import ENDED, KnownAnswer, Plan
from plumbing.rebuilding.proving import Told
from plumbing.rebuilding.spooling import LogRecord, Spool
from plumbing.rebuilding.stories import Story, read_story
from plumbing.rebuilding.telling import tell
from plumbing.rebuilding.writing import Known, write, write_offsets
from plumbing.sealing import KeyRing

S = TypeVar("S", bound=State)

#: The dossiers are told in so many shares, so that not all of a log is in memory.
SHARES = 64
#: So many decisions that today's rules make otherwise are named; the others are counted.
MOST_NOTES = 200
_OUTBOX = "SELECT key, body, created_at FROM {} WHERE topic = $1 AND body IS NOT NULL ORDER BY id"


@dataclass
class Made:
    """What a rebuild was made of and what came of it.

    `proved` decisions gave the log's own bytes. Of `otherwise` the log said other than today's
    rules, by reason; `notes` names the first of them. `unheard` records are on the log and nothing
    on it follows from them yet. `strange` are no events that fit. `unopened` are records of
    personal data the keys do not open, and that the service did open.
    """

    service: str
    at: str = ""
    records: int = 0
    dossiers: int = 0
    proved: int = 0
    otherwise: dict[str, int] = field(default_factory=dict)
    notes: list[dict[str, Any]] = field(default_factory=list)
    unheard: int = 0
    strange: int = 0
    unopened: int = 0
    calls_in_doubt: int = 0
    has_particulars: bool = False
    seconds: float = 0.0
    ends: dict[str, int] = field(default_factory=dict)


def topics_of(plan: Plan[Any], *, particulars: bool) -> tuple[str, ...]:
    """Return the topics a rebuild reads: the service's own, and what it heard."""
    heard = [topic.name for topic in READS[plan.service] if topic in LIFECYCLE.values()]
    names = [LIFECYCLE[plan.service].name, *heard]
    if particulars:
        names.append(PARTICULARS.name)
    return tuple(names)


async def make(
    database_url: str,
    plan: Plan[S],
    records: Iterable[LogRecord],
    *,
    keys: KeyRing | None,
    name: str,
    has_particulars: bool,
    shares: int = SHARES,
    log_alone: bool = False,
) -> Made:
    """Make the service's database in the scratch schema `name` and return what came of it.

    `records` are those of `topics_of`, each topic-partition's in order. What the live schema has
    said and not sent counts as the log's end, and its answers to calls as answers, unless the
    `log_alone` counts. Raises NoScratch.
    """
    begun = monotonic()
    await scratch.create(database_url, name, plan.migrations)
    made = Made(plan.service, at=datetime.now(UTC).isoformat(), has_particulars=has_particulars)
    book = await scratch.connect(database_url)
    live = None if log_alone else book
    target = await scratch.connect(database_url, name)
    try:
        with tempfile.TemporaryDirectory(prefix="rebuild-") as folder:
            with Spool(Path(folder), shares) as spool:
                for record in records:
                    spool.add(record)
                made.records = spool.count
                ends = dict(spool.ends)
                if live is not None:
                    await _add_unsent(live, plan.service, spool)
            await _tell_all(plan, keys, spool, live, book, target, made, ends)
        reads = {topic.name for topic in READS[plan.service]}
        await write_offsets(
            target, plan.service, {place: end for place, end in ends.items() if place[0] in reads}
        )
        made.ends = {f"{topic}/{part}": end for (topic, part), end in sorted(spool.ends.items())}
        made.seconds = round(monotonic() - begun, 3)
        await target.execute("ANALYZE")
        await scratch.write_about(target, asdict(made))
    finally:
        await target.close()
        await book.close()
    return made


async def _add_unsent(live: Conn, service: str, spool: Spool) -> None:
    """Add what the service has said and the log may not have yet."""
    topic = LIFECYCLE[service].name
    for table in ("outbox_sent", "outbox"):
        if not await _there(live, table):
            continue
        async with live.transaction():
            async for row in live.cursor(_OUTBOX.format(table), topic):
                at_ms = int(row["created_at"].timestamp() * 1000)
                spool.add(LogRecord(topic, 0, -1, at_ms, row["key"], row["body"]))


async def _tell_all(
    plan: Plan[S],
    keys: KeyRing | None,
    spool: Spool,
    live: "Conn | None",
    book: Conn,
    target: Conn,
    made: Made,
    ends: dict[tuple[str, int], int],
) -> None:
    otherwise: Counter[str] = Counter()
    for share in spool.shares():
        stories = await _read(plan, keys, share, book, target)
        made.unopened += await _never_opened(book, stories)
        known = {} if live is None else await _known(live, [one.dossier_id for one in stories])
        told = [tell(plan, story, known.get(story.dossier_id, {})) for story in stories]
        await write(target, plan, keys, told, known)
        for one in told:
            _count(made, otherwise, one, known.get(one.story.dossier_id, {}))
        for heard in _unheard(told):
            place = heard.topic, heard.partition
            ends[place] = min(ends.get(place, heard.offset), heard.offset)
    made.otherwise = dict(sorted(otherwise.items()))


def _unheard(told: Iterable[Told[Any]]) -> Iterator[Any]:
    for one in told:
        yield from one.unheard


def _count(
    made: Made, otherwise: Counter[str], one: Told[Any], known: Mapping[str, KnownAnswer]
) -> None:
    made.dossiers += 1
    made.proved += one.proved
    made.unheard += len(one.unheard)
    made.strange += one.story.strange
    made.calls_in_doubt += sum(
        call.state not in ENDED and call.kind not in known for call in one.calls
    )
    for note in one.notes:
        otherwise[note.why] += 1
        if len(made.notes) < MOST_NOTES:
            made.notes.append(asdict(note) | {"dossier_id": str(note.dossier_id)})


async def _read(
    plan: Plan[Any],
    keys: KeyRing | None,
    share: Mapping[bytes, list[LogRecord]],
    book: Conn,
    target: Conn,
) -> list[Story]:
    """Return the stories of a share; whose personal data were opened is written down.

    In the live schema, whether or not it is asked for anything else: there the rows stay.
    """
    service = plan.service
    if keys is None or not plan.opens_particulars:
        found = [read_story(service, key, records, None) for key, records in share.items()]
        return [story for story in found if story is not None]
    conn = book if await _there(book, "access") else target
    by = by_service(service, "opened_to_take_in", "rebuild")
    async with conn.transaction(), opening(conn, keys, by) as access:
        found = [read_story(service, key, records, access) for key, records in share.items()]
    return [story for story in found if story is not None]


async def _never_opened(book: Conn, stories: Iterable[Story]) -> int:
    """Return how many records do not open that are no dead letters of the service either."""
    places = [place for story in stories for place in story.unopened]
    if not places or not await _there(book, "dead_letter"):
        return len(places)
    known: int = await book.fetchval(
        "SELECT count(*) FROM unnest($1::text[], $2::int[], $3::bigint[]) t(topic, part, off)"
        " WHERE EXISTS (SELECT FROM dead_letter d"
        " WHERE (d.topic, d.part, d.off) = (t.topic, t.part, t.off))",
        *map(list, zip(*places, strict=True)),
    )
    return len(places) - known


async def _there(live: Conn, table: str) -> bool:
    found = await live.fetchval("SELECT to_regclass($1)", f"{scratch.LIVE}.{table}")
    return found is not None


async def _known(live: Conn, ids: list[UUID]) -> Known:
    """Return what the live table says of the dossiers' calls; nothing where there is no table."""
    if not await _there(live, "effect"):
        return {}
    rows = await live.fetch(
        "SELECT dossier_id, kind, state, reason, attempt, ended_at FROM effect"
        " WHERE dossier_id = ANY($1::uuid[])",
        ids,
    )
    found: dict[UUID, dict[str, KnownAnswer]] = {}
    for row in rows:
        answer = KnownAnswer(row["state"], row["reason"] or "", row["attempt"], row["ended_at"])
        found.setdefault(row["dossier_id"], {})[row["kind"]] = answer
    return found
