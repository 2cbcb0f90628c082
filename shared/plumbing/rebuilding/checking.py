"""Whether a rebuild may take the live schema's place: stopped, whole, of the same release."""

from collections.abc import Mapping
from typing import Any

from contracts.topics import LIFECYCLE
from plumbing.database import Conn
from plumbing.inlets import ERASED, PARTICULARS
from plumbing.rebuilding.planning import ENDED, Plan
from plumbing.rebuilding.scratch import LIVE, schema_of
from plumbing.rebuilding.tables import undeclared

#: The lock of `plumbing.migrating`: whoever starts takes it first.
MIGRATING = 0x686F7469
_ENDED = ", ".join(f"'{state}'" for state in sorted(ENDED))
#: $1 the scratch schema, $2 the live one.
_OTHER_OWNER = """
SELECT EXISTS (SELECT FROM pg_class s JOIN pg_class l USING (relname)
    WHERE s.relnamespace = to_regnamespace($1) AND l.relnamespace = to_regnamespace($2)
    AND s.relowner <> l.relowner)
"""


class NotSwapped(Exception):
    """The live schema stays; the message says why."""


async def check(
    conn: Conn,
    plan: Plan[Any],
    name: str,
    about: Mapping[str, Any],
    ends: Mapping[str, int] | None,
) -> None:
    """Raise NotSwapped unless the rebuild may take the live schema's place; its tables are locked.

    `about` is what the rebuild says of itself, `ends` where the service's own topic ends.
    """
    if about["service"] != plan.service:
        raise NotSwapped(f"the rebuild in {name} is of {about['service']}")
    if not about["has_particulars"] and plan.tells_outside:
        raise NotSwapped(
            "it was made without the personal data: what is still to be told could not be told"
        )
    if unopened := about.get("unopened"):
        raise NotSwapped(
            f"{unopened} records of personal data did not open: with the right keys make it anew"
        )
    # Whoever starts takes this lock for its migrations, and waits until we are done.
    if not await conn.fetchval("SELECT pg_try_advisory_xact_lock($1)", MIGRATING):
        raise NotSwapped("a process of the service is starting")
    await _nobody_else(conn, plan.service)
    live, made = await schema_of(conn, LIVE), await schema_of(conn, name)
    if {table: set(columns) for table, columns in live.items()} != {
        table: set(columns) for table, columns in made.items()
    }:
        raise NotSwapped("the live tables are another release's: make the rebuild with that one")
    if await conn.fetchval(_OTHER_OWNER, name, LIVE):
        raise NotSwapped("its tables have another owner than the live ones: make it as that one")
    if unknown := undeclared(plan.tables, live):
        raise NotSwapped(f"nobody says where {unknown[0][0]} comes from")
    await conn.execute(
        f"LOCK TABLE {', '.join(f'{LIVE}.{table}' for table in live)} IN ACCESS EXCLUSIVE MODE"
    )
    await _is_whole(conn, plan, name, about, ends)


async def _nobody_else(conn: Conn, service: str) -> None:
    others = await conn.fetch(
        "SELECT application_name AS name, count(*) AS count FROM pg_stat_activity"
        " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        " AND (application_name = $1 OR application_name LIKE $1 || '%') GROUP BY 1 ORDER BY 1",
        service,
    )
    if others:
        shown = ", ".join(f"{row['name']} ({row['count']})" for row in others)
        raise NotSwapped(f"the service is at work on the database: {shown}; stop it first")


async def _is_whole(
    conn: Conn,
    plan: Plan[Any],
    name: str,
    about: Mapping[str, Any],
    ends: Mapping[str, int] | None,
) -> None:
    """Refuse a rebuild that knows less than the live schema or the broker: it would repeat."""
    ahead = await conn.fetchval(
        f"SELECT count(*) FROM {LIVE}.stream l LEFT JOIN {name}.stream s USING (dossier_id)"
        " WHERE l.sequence > coalesce(s.sequence, 0)"
    )
    if ahead:
        raise NotSwapped(f"the service said more of {ahead} dossiers than the log that was read")
    # What was decided on it may be in no event, as a call is: heard again it would clash. A
    # tombstone that the broker dropped, with the data before it, is in no log any more.
    heard = await conn.fetchval(
        f"SELECT count(DISTINCT dossier_id) FROM {LIVE}.inbound_cursor l"
        f" LEFT JOIN {name}.inbound_cursor s USING (dossier_id, source)"
        " WHERE l.last_seq > coalesce(s.last_seq, 0) AND (source <> $1 OR"
        " ($2 AND (l.last_seq <> $3 OR s.last_seq IS NOT NULL)))",
        PARTICULARS,
        bool(about["has_particulars"]),
        ERASED,
    )
    if heard:
        raise NotSwapped(f"the service heard more of {heard} dossiers than the log that was read")
    moved = await conn.fetchval(
        f"SELECT count(*) FROM {LIVE}.effect l JOIN {name}.effect s USING (dossier_id, kind)"
        f" WHERE l.state IN ({_ENDED}) AND s.state NOT IN ({_ENDED})"
    )
    if moved:
        raise NotSwapped(f"{moved} calls were answered that the rebuild knows no answer of")
    if ends is None:
        return
    own = LIFECYCLE[plan.service].name
    for place, end in sorted(ends.items()):
        read = int(about["ends"].get(place, 0))
        if place.startswith(f"{own}/") and read < end:
            raise NotSwapped(f"{place} goes to {end}, and was read to {read}")
