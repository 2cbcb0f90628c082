"""Answers of the register that came together: what spoils one province's harms no other."""

import asyncio
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest

from plumbing.valves import Valves
from registry_sync import polling
from registry_sync.claims import Due
from registry_sync.polling import Poller
from registry_sync.registration import RegisterSaid
from registry_sync.results import Results

BAD, GOOD, OTHER = (Due(UUID(int=n), f"code-{n}", f"0{n}", f"0{n}", "p", 1) for n in (1, 2, 3))


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[list[Due]]:
    """Note what words are applied; those about BAD cannot be looked at."""
    applied: list[list[Due]] = []

    async def see(*_: object) -> None:
        pass

    async def hold_back(_: object, __: object, said: Mapping[Due, RegisterSaid]) -> Any:
        if any(one.dossier_id == BAD.dossier_id for one in said):
            raise ZeroDivisionError
        return said

    async def apply(_: object, __: object, said: Mapping[Due, RegisterSaid]) -> int:
        applied.append(list(said))
        return len(said)

    async def ask(_: object, codes: list[str], *__: object) -> Results:
        return Results(said={code: RegisterSaid("refused") for code in codes}, known=set(codes))

    async def are_paused(_: Poller, provinces: list[str]) -> list[bool]:
        return [False] * len(provinces)

    monkeypatch.setattr(polling, "note_seen", see)
    monkeypatch.setattr(polling, "held_back", hold_back)
    monkeypatch.setattr(polling, "apply_words", apply)
    monkeypatch.setattr(polling, "ask_in_parts", ask)
    monkeypatch.setattr(Poller, "_are_paused", are_paused)
    return applied


def a_poller() -> Poller:
    running: Any = SimpleNamespace(pool=None, valves=Valves())
    nobody: Any = None
    return Poller(running, nobody, nobody)


async def test_given_one_answer_that_cannot_be_taken_up_then_those_that_came_with_it_are(heard):
    async with asyncio.timeout(10):
        with pytest.raises(ZeroDivisionError):
            await a_poller()._ask([BAD, GOOD, OTHER])

    assert sorted(one.code for those in heard for one in those) == [GOOD.code, OTHER.code]


async def test_given_answers_that_can_be_taken_up_then_they_are_taken_up_together(heard):
    async with asyncio.timeout(10):
        assert await a_poller()._ask([GOOD, OTHER]) == (2, False)

    assert [sorted(one.code for one in those) for those in heard] == [[GOOD.code, OTHER.code]]
