"""Where each table and column of a service's schema comes from when it is made from the log."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Literal

#: `rebuilt`: made from the log and compared. `carried`: the log does not know it; taken over from
#: the live schema as it is, and empty without one. `derived`: the service makes it anew by itself.
Origin = Literal["rebuilt", "carried", "derived"]


@dataclass(frozen=True)
class Table:
    """A table, where its rows come from, and of a rebuilt one each column.

    `key` and `columns` are what the log proves and what is compared; of `sealed` columns only
    whether there is something, for equal data are never encrypted to equal bytes. `unknown` are
    columns the log does not know, each with the reason; with `carry` the live row's value is taken
    over at the swap. `documents` are JSON columns whose fields are compared one by one, without
    those in `inexact`, of which the log knows less than the service did. `newest` is a column that
    only grows: at the swap a live row takes the place of one with the same or less of it.
    """

    name: str
    origin: Origin
    why: str = ""
    key: tuple[str, ...] = ()
    columns: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    sealed: tuple[str, ...] = ()
    unknown: Mapping[str, str] = field(default_factory=dict)
    carry: Mapping[str, str] = field(default_factory=dict)
    inexact: Mapping[str, str] = field(default_factory=dict)
    personal: tuple[str, ...] = ()
    untold: str = "false"
    told_as: Mapping[str, str] = field(default_factory=dict)
    needs_particulars: bool = False
    newest: str = ""
    of_dossier: bool = True

    @property
    def known(self) -> frozenset[str]:
        """Return every column that is declared."""
        return frozenset((*self.key, *self.columns, *self.documents, *self.sealed, *self.unknown))


def _carried(why: str, *names: str) -> tuple[Table, ...]:
    return tuple(Table(name, "carried", why) for name in names)


_STARTED = "it is a replica's own, while a call is under way"
_OUTSIDE = "the log says what came of a call and not how it went"

EFFECT = Table(
    "effect",
    "rebuilt",
    key=("dossier_id", "kind"),
    columns=("effect_id", "lane", "turn", "cause_id", "cause_hash", "state"),
    told_as={"state": "CASE WHEN {0} IN ('DONE', 'REJECTED', 'MANUAL') THEN {0} ELSE 'open' END"},
    unknown={
        "position": "counts rows of this database",
        "in_doubt": _OUTSIDE,
        "begun": _STARTED,
        "doubt_since": _OUTSIDE,
        "request": "encrypted, with a moment of a replica's clock in it; blank once answered",
        "fence": _STARTED,
        "attempt": _OUTSIDE,
        "due_at": "the schedule of attempts is in no event",
        "lease_until": _STARTED,
        "owner": _STARTED,
        "reason": _OUTSIDE,
        "traceparent": "a trace of a call ends with it",
        "created_at": "a moment of the database's clock",
        "ended_at": "a moment of the database's clock",
    },
    inexact={
        "cause_id": "of the personal data the topic keeps the latest version alone",
        "cause_hash": "of the personal data the topic keeps the latest version alone",
    },
)

#: The tables every service has (the core's migrations).
CORE: tuple[Table, ...] = (
    Table("schema_migration", "derived", "written by the migrations themselves"),
    Table("database_origin", "derived", "where the database is, written at the next start"),
    Table(
        "stream",
        "rebuilt",
        key=("dossier_id",),
        columns=("subject", "sequence", "head_hash"),
        unknown={"traceparent": "a trace goes on without it"},
    ),
    Table(
        "consumer_offset",
        "rebuilt",
        "the log's end for what is archived; the live one's for what is not",
        key=("part", "topic", "grp"),
        unknown={
            "next_offset": "told apart as how far each side has read, and no row of a dossier"
        },
        of_dossier=False,
    ),
    Table(
        "inbound_cursor",
        "rebuilt",
        key=("dossier_id", "source"),
        columns=("last_seq", "last_id", "last_hash"),
    ),
    Table(
        "inbound_parked",
        "rebuilt",
        key=("dossier_id", "source", "seq", "hash"),
        columns=("body", "topic", "part", "off"),
        unknown={"parked_at": "a moment of the database's clock"},
    ),
    EFFECT,
    *_carried(
        "what could not be read or clashed, and what people did about it",
        *("dead_letter", "conflict", "stuck_act", "stuck_holder", "lane_pause"),
    ),
    *_carried("what is unsent is still to be sent, and what was sent is known", "outbox"),
    *_carried("what was sent may be sent again by an operator", "outbox_sent"),
    *_carried("attempts at calls are in no event", "effect_attempt"),
    *_carried("who read personal data is in no lifecycle event", "access", "access_block"),
    *_carried("comparisons with neighbours are in no event", "reconciliation", "difference"),
)


def undeclared(
    tables: Iterable[Table], schema: Mapping[str, Iterable[str]]
) -> list[tuple[str, str]]:
    """Return the (table, column) of a schema that no declaration names; "" for a whole table.

    `schema` gives the columns of each table.
    """
    declared = {table.name: table for table in tables}
    found: list[tuple[str, str]] = []
    for name, columns in sorted(schema.items()):
        table = declared.get(name)
        if table is None:
            found.append((name, ""))
        elif table.origin == "rebuilt":
            found += [(name, column) for column in sorted(set(columns) - table.known)]
    return found


def missing(tables: Iterable[Table], schema: Mapping[str, Iterable[str]]) -> list[tuple[str, str]]:
    """Return the (table, column) that are declared and not in the schema; "" for a whole table."""
    found: list[tuple[str, str]] = []
    for table in tables:
        if table.name not in schema:
            found.append((table.name, ""))
        else:
            there = set(schema[table.name])
            found += [(table.name, column) for column in sorted(table.known - there)]
    return found
