"""Drills of disks that are full, each played on a small file system of its own."""

import asyncio
from pathlib import Path

import asyncpg

from local_stack import owner
from tests.drills import mounts
from tests.drills.drill import Act, Drill, Drilling, Step, lasts

_SPARE_MEGABYTES = 64
_FULL_SECONDS = 30
#: More than one file of the database's log, so that it needs another one.
_LONG_WORD = "SELECT pg_logical_emit_message(true, 'drill', repeat('x', 20000000))"
_FILES_IN_RESERVE = 20


def _database(drilling: Drilling) -> Path:
    return owner.data_folder(drilling.field.stack.place, owner.needed())


def _archive(drilling: Drilling) -> Path:
    folder: Path = drilling.field.stack.place.archive
    return folder


async def _database_on_a_small_disk(drilling: Drilling) -> None:
    await drilling.stop("postgres")
    await asyncio.to_thread(mounts.make_small, _database(drilling), _SPARE_MEGABYTES)
    _database(drilling).chmod(0o700)
    await drilling.start("postgres")


async def _archive_on_a_small_disk(drilling: Drilling) -> None:
    await drilling.stop("audit")
    await asyncio.to_thread(mounts.make_small, _archive(drilling), _SPARE_MEGABYTES)
    await drilling.start("audit")


async def _fill_the_database(drilling: Drilling) -> None:
    drilling.kept["filler"] = await asyncio.to_thread(mounts.fill, _database(drilling))


async def _fill_the_archive(drilling: Drilling) -> None:
    drilling.kept["filler"] = await asyncio.to_thread(mounts.fill, _archive(drilling))


async def _no_room_for_its_log(drilling: Drilling) -> None:
    """Let the log of the database use up its files in reserve, until it needs one more."""
    log = drilling.field.stack.place.logs / "postgres.log"
    before = log.stat().st_size
    for _ in range(_FILES_IN_RESERVE):
        try:
            await drilling.execute(drilling.field.status.database_server, _LONG_WORD)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError):
            break

    async def panicked() -> bool:
        with log.open("rb") as lines:
            lines.seek(before)
            return b"PANIC:" in lines.read()

    await drilling.until(panicked, "the database's server ends because its log has no room")


def room_again(component: str) -> Act:
    """Return an act that makes room on the disk that was filled and waits for the component."""

    async def make_room(drilling: Drilling) -> None:
        filler: Path = drilling.kept["filler"]
        await asyncio.to_thread(filler.unlink)
        await drilling.start(component)

    return make_room


DRILLS = (
    Drill(
        "disk-full-database",
        "The disk of the databases is full",
        (
            "The disk of PostgreSQL is full to its last byte for half a minute, its own log's too.",
            "What needs room is rolled back and tried again; when the server's own log has no room,"
            " the server ends, and recovers when there is room again.",
        ),
        (
            Step("disaster", "The disk is full.", (), _fill_the_database),
            Step(
                "disaster",
                "The database's log needs a file there is no room for: the server ends, and again"
                " at each start.",
                ("kubectl -n hotich get cluster routing-database",),
                _no_room_for_its_log,
            ),
            Step("disaster", "It lasts half a minute.", (), lasts(_FULL_SECONDS)),
            Step(
                "recovery",
                "The volumes become larger; the server recovers by itself.",
                (
                    "# In $OVERLAY/sizes.yaml: storage and walStorage of routing-database.",
                    "kubectl apply --server-side -k $OVERLAY",
                ),
                room_again("postgres"),
            ),
        ),
        (
            "Never remove a file of `pg_wal` by hand: it may hold what was committed.",
            "Where a recovery found no room, the next one's hint that data may be corrupted means"
            " that: with room again it goes through.",
            "On a cluster the log has a volume of its own; a full volume of the data alone, where"
            " the server goes on and refuses what needs room, was not played.",
            "The disk is a file system in memory, so nothing is said of a disk that fails or lies.",
        ),
        seconds=_FULL_SECONDS + 20,
        prepare=_database_on_a_small_disk,
        mounts=True,
    ),
    Drill(
        "disk-full-archive",
        "The disk of the archive is full",
        (
            "The disk of the audit is full to its last byte for half a minute.",
            "The log waits on Kafka, no part of a file counts as archived, and nobody else waits.",
        ),
        (
            Step(
                "disaster",
                "The disk is full.",
                ("kubectl -n hotich logs audit-0 | grep archive_not_written",),
                _fill_the_archive,
            ),
            Step("disaster", "It lasts half a minute.", (), lasts(_FULL_SECONDS)),
            Step(
                "recovery",
                "The volume becomes larger ($SIZE); the archive goes on by itself.",
                (
                    "kubectl -n hotich patch pvc archive-audit-0 --type merge"
                    """ -p '{"spec":{"resources":{"requests":{"storage":"$SIZE"}}}}'""",
                ),
                room_again("audit"),
            ),
        ),
        (
            "Never remove a file of the archive to make room:"
            " it is checked whole, and its checkpoints are signed.",
        ),
        seconds=_FULL_SECONDS + 20,
        prepare=_archive_on_a_small_disk,
        mounts=True,
    ),
)
