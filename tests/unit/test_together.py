"""Many who ask at the same time are asked for once, and each gets an answer of its own."""

import asyncio
from dataclasses import dataclass, field

import pytest

from plumbing import together
from plumbing.together import Together


@dataclass
class Database:
    """Answers twice the number, when it is let go; notes every question."""

    questions: list[list[int]] = field(default_factory=list)
    go: asyncio.Event = field(default_factory=asyncio.Event)
    error: Exception | None = None

    async def __call__(self, asked: list[int]) -> list[int]:
        self.questions.append(asked)
        await self.go.wait()
        if self.error is not None:
            raise self.error
        return [2 * one for one in asked]


async def test_given_many_who_ask_at_once_then_one_question_answers_each():
    database = Database()
    database.go.set()
    ask = Together(database)

    assert await asyncio.gather(*(ask(one) for one in (1, 2, 1))) == [2, 4, 2]
    assert await ask(5) == 10

    assert database.questions == [[1, 2, 1], [5]]


async def test_given_a_question_under_way_then_who_comes_meanwhile_is_in_the_next_one():
    database = Database()
    ask = Together(database)
    first = asyncio.create_task(ask(1))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    later = [asyncio.create_task(ask(one)) for one in (2, 3)]
    await asyncio.sleep(0)
    assert database.questions == [[1]]

    database.go.set()

    assert await asyncio.gather(first, *later) == [2, 4, 6]
    assert database.questions == [[1], [2, 3]]


async def test_given_more_than_one_question_may_hold_then_there_are_several(monkeypatch):
    monkeypatch.setattr(together, "MOST", 2)
    database = Database()
    database.go.set()
    ask = Together(database)

    assert await asyncio.gather(*(ask(one) for one in range(5))) == [0, 2, 4, 6, 8]

    assert database.questions == [[0, 1], [2, 3], [4]]


async def test_given_a_question_that_fails_then_all_who_asked_hear_it_and_the_next_is_asked():
    database = Database(error=OSError("away"))
    database.go.set()
    ask = Together(database)

    heard = await asyncio.gather(*(ask(one) for one in (1, 2)), return_exceptions=True)
    database.error = None

    assert [str(one) for one in heard] == ["away", "away"]
    assert await ask(3) == 6


async def test_given_one_who_waits_no_longer_then_the_others_get_their_answers():
    database = Database()
    ask = Together(database)
    gone, stays = asyncio.create_task(ask(1)), asyncio.create_task(ask(2))
    await asyncio.sleep(0)
    gone.cancel()
    with pytest.raises(asyncio.CancelledError):
        await gone

    database.go.set()

    assert await stays == 4
