"""Imports files of legacy dossiers: one transaction, all rows or none, unless asked otherwise."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

import structlog

from contracts.envelope import sha256
from contracts.events import Imported
from intake.importing.cells import Seed, seed_of
from intake.importing.checking import OLD_ROAD, Checked, Entry, check_sheet
from intake.importing.known import Standing, raise_counters, standings
from intake.importing.reading import read_sheet
from intake.importing.report import Report, Seeded, Trouble
from intake.importing.row_problems import RowProblem, Tally, tally
from intake.submitting import Counter
from intake.taking import Handed, take
from plumbing.applying import lock
from plumbing.database import Conn
from reference import Reference

log = structlog.get_logger()

CHUNK: Final = 500

_CODES = "TT 01/2018/TT-VPCP, Điều 19; QĐ 20/2020/QĐ-TTg"
_COLLISIONS: Final = {
    "other_content": "Mã hồ sơ này đã được chuyển đổi với nội dung khác.",
    "code_taken": "Mã hồ sơ này đã là mã của một hồ sơ khác.",
}


class CodesMoved(Exception):
    """A code of the file was given to another dossier while it was imported: ask again."""


@dataclass(frozen=True)
class Wanted:
    """How a file is to be imported, and which operator asked."""

    by: str
    dry_run: bool
    good_rows_only: bool


@dataclass(frozen=True)
class _Outcome:
    new: tuple[Entry, ...]
    already: int
    tally: Tally
    seeds: tuple[Seed, ...] = ()
    written: bool = False


class _Undo(Exception):
    """Ends a transaction that is to leave nothing behind; says which counters it had raised."""

    def __init__(self, seeds: tuple[Seed, ...]) -> None:
        super().__init__()
        self.seeds = seeds


@dataclass(frozen=True)
class Importer:
    """Where an operator's file becomes dossiers; one file after the other in a process."""

    counter: Counter
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def run(self, body: bytes, wanted: Wanted) -> Report:
        """Import the file and report; raises UnreadableFile when no row can be looked at.

        Raises CodesMoved, with nothing written, when a code went to another dossier meanwhile.
        """
        async with self._turn:
            now, batch = self.counter.clock(), sha256(body)[:16]
            law = self.counter.desk.reference
            # Away from the loop: ten thousand forms take their time.
            checked = await asyncio.to_thread(_checked, body, now, law)
            outcome = await self._import(checked, batch, wanted, now)
        if outcome.written:
            self.counter.committed()
        log.info(
            "legacy_file_imported",
            source=batch,
            client=wanted.by,
            count=len(outcome.new) if outcome.written else 0,
            outcome="written" if outcome.written else "nothing_written",
        )
        return _report(checked, batch, wanted, outcome)

    async def _import(
        self, checked: Checked, batch: str, wanted: Wanted, now: datetime
    ) -> _Outcome:
        async with self.counter.pool.acquire() as conn:
            outcome = await _compared(conn, checked)
            refused = outcome.tally.rows and not wanted.good_rows_only
            if refused or not outcome.new:
                return outcome
            try:
                async with conn.transaction():
                    seeds = await self._write(conn, outcome.new, batch, wanted, now)
            except _Undo as undone:
                return replace(outcome, seeds=undone.seeds)
        return replace(outcome, seeds=seeds, written=True)

    async def _write(
        self, conn: Conn, new: Sequence[Entry], batch: str, wanted: Wanted, now: datetime
    ) -> tuple[Seed, ...]:
        """Write the dossiers and return the counters raised; a dry run ends with _Undo."""
        ordered = sorted(new, key=lambda entry: entry.dossier_id)
        # Dossiers first, then counters: the order in which submissions lock them.
        for chunk in _chunks(ordered):
            await lock(conn, {entry.dossier_id: "" for entry in chunk})
        seeds = await raise_counters(conn, filter(None, (seed_of(one.code) for one in ordered)))
        if set(await standings(conn, ordered)) != {"new"}:
            raise CodesMoved
        if wanted.dry_run:
            raise _Undo(tuple(seeds))
        for chunk in _chunks(ordered):
            await take(conn, self.counter.desk, [_handed(one, batch) for one in chunk], now)
        return tuple(seeds)


def _checked(body: bytes, now: datetime, reference: Reference) -> Checked:
    return check_sheet(read_sheet(body), now, reference)


async def _compared(conn: Conn, checked: Checked) -> _Outcome:
    """Return which entries are new, and which collide with what is there."""
    stand = await standings(conn, checked.entries)
    pairs = list(zip(checked.entries, stand, strict=True))
    collisions = tally(_collision(one, how) for one, how in pairs if how in _COLLISIONS)
    new = tuple(one for one, how in pairs if how == "new")
    return _Outcome(new, stand.count("already"), checked.tally | collisions)


def _collision(entry: Entry, how: Standing) -> RowProblem:
    return RowProblem(entry.row, "legacy_code", f"legacy_code.{how}", _COLLISIONS[how], _CODES)


def _handed(entry: Entry, batch: str) -> Handed:
    imported = Imported(batch=batch, stage=entry.stage, received_at=entry.received_at)
    return Handed(OLD_ROAD, entry.submission, entry.fingerprint, imported, entry.code)


def _chunks(entries: Sequence[Entry]) -> Iterator[Sequence[Entry]]:
    for start in range(0, len(entries), CHUNK):
        yield entries[start : start + CHUNK]


def _report(checked: Checked, batch: str, wanted: Wanted, outcome: _Outcome) -> Report:
    return Report(
        batch=batch,
        dry_run=wanted.dry_run,
        good_rows_only=wanted.good_rows_only,
        rows=checked.count,
        good=len(outcome.new),
        imported=len(outcome.new) if outcome.written else 0,
        already=outcome.already,
        bad=len(outcome.tally.rows),
        problems=tuple(Trouble(**vars(problem)) for problem in outcome.tally.kept),
        problems_left_out=outcome.tally.left_out,
        seeded=tuple(
            Seeded(unit_code=one.unit_code, day=one.day, last=one.number) for one in outcome.seeds
        ),
    )
