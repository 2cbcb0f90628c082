"""The in-memory database keeps to what it stands for, and is loud about what it does not know."""

import asyncio

import asyncpg
import pytest

from tests.simulation.bench import Bench
from tests.simulation.server import LOCK_SECONDS, Row, Transaction
from tests.simulation.statements import UnknownStatement, handler_of, on


def test_given_a_statement_nobody_wrote_a_handler_for_then_it_is_refused_with_the_closest() -> None:
    with pytest.raises(UnknownStatement, match="inbound_parked"):
        handler_of("SELECT body, topic FROM inbound_parked WHERE dossier_id = ANY($1::uuid[])")


def test_given_a_statement_that_changed_then_its_old_handler_does_not_serve_it() -> None:
    async def handler(*_: object) -> list[object]:
        return []

    on("SELECT a_new_thing", pin="00000000")(handler)  # type: ignore[arg-type]

    with pytest.raises(UnknownStatement):
        handler_of("SELECT a_new_thing")


def test_given_a_row_held_when_another_changes_it_then_it_waits_and_looks_again() -> None:
    bench = Bench()
    server = bench.server

    async def add() -> int | None:
        transaction = Transaction(server)
        changed = await transaction.update("stream", 1, lambda row: row["n"] < 1, _plus_one)
        await asyncio.sleep(1)
        transaction.commit()
        return changed and int(changed["n"])

    async def test() -> None:
        server.tables["stream"][1] = {"n": 0}
        assert sorted(map(str, await asyncio.gather(add(), add()))) == ["1", "None"]
        assert server.tables["stream"][1] == {"n": 1}

    bench.play(test())


def _plus_one(row: Row) -> Row:
    return {"n": row["n"] + 1}


def test_given_a_transaction_when_it_is_rolled_back_then_nobody_ever_saw_it() -> None:
    bench = Bench()

    async def test() -> None:
        writer, reader = Transaction(bench.server), Transaction(bench.server)
        await writer.insert("stream", 1, {"n": 1})
        assert writer.get("stream", 1) == {"n": 1}
        assert reader.get("stream", 1) is None
        writer.rollback()
        assert (reader.get("stream", 1), bench.server.holders) == (None, {})

    bench.play(test())


def test_given_a_row_held_for_too_long_then_whoever_waits_is_told() -> None:
    bench = Bench()

    async def test() -> None:
        await Transaction(bench.server).hold("stream", 1)
        before = bench.loop.time()
        with pytest.raises(asyncpg.LockNotAvailableError):
            await Transaction(bench.server).hold("stream", 1)
        assert bench.loop.time() - before == LOCK_SECONDS

    bench.play(test())


def test_given_a_thread_when_asked_for_then_the_loop_refuses() -> None:
    async def test() -> None:
        with pytest.raises(RuntimeError, match="a thread"):
            await asyncio.to_thread(print)

    Bench().play(test())
