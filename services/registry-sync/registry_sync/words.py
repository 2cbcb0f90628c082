"""Applies what the register said: together, and where that fails, each word by itself."""

import hashlib
from collections.abc import Mapping
from typing import Literal

import structlog

from contracts.envelope import Cause
from plumbing.applying import Item, Part, apply, lock
from plumbing.assembly import Running
from plumbing.database import passing
from plumbing.logs import describe, where
from registry_sync.claims import Due
from registry_sync.registration import RegisterSaid, Registration

log = structlog.get_logger()

#: What the register was asked for: a result that is waited for, or a comparison.
Source = Literal["poll", "reconciliation"]


async def apply_words(
    running: Running,
    part: Part[Registration],
    said: Mapping[Due, RegisterSaid],
    source: Source = "poll",
) -> int:
    """Apply the words in one transaction and return how many were applied.

    If that fails, each is applied by itself, so that one harms no other; a word no rule can take
    is logged. Raises what the database raises while it is away.
    """
    if not said:
        return 0
    try:
        await _apply(running, part, said, source)
        return len(said)
    except Exception as error:  # a word no rule can take: find it, spare the others
        if passing(error):
            raise
        if len(said) == 1:
            (one,) = said
            log.error(
                "register_word_not_applied",
                dossier_id=str(one.dossier_id),
                error=describe(error),
                traceback=where(error),
            )
            return 0
    return sum(
        [await apply_words(running, part, {one: word}, source) for one, word in said.items()]
    )


async def _apply(
    running: Running,
    part: Part[Registration],
    said: Mapping[Due, RegisterSaid],
    source: Source,
) -> None:
    async with running.pool.acquire() as conn, conn.transaction():
        heads = await lock(conn, {one.dossier_id: one.code for one in said})
        items = [
            Item(one.dossier_id, word, Cause(f"{source}:{one.code}", _digest(word)))
            for one, word in said.items()
        ]
        await apply(conn, part, running.keys, heads, items, running.clock())
    running.wake()


def _digest(word: RegisterSaid) -> str:
    entry = word.entry
    # The personal number stays out: a hash of twelve digits can be guessed.
    known = (entry.number, entry.book, entry.page, entry.registered_on) if entry else ()
    return hashlib.sha256(repr((word.outcome, word.round, known)).encode()).hexdigest()
