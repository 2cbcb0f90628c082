"""Progress of several dossiers in calls of a bounded size; a bad one costs only itself."""

import asyncio
from typing import Any

import pytest

from notifier import national_batches
from notifier.national_batches import Batches


@pytest.fixture(autouse=True)
def _gathers_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(national_batches, "GATHER_SECONDS", 0)


def elements(code: str, count: int) -> list[dict[str, str]]:
    return [{"MaHoSo": code, "TrangThai": str(number)} for number in range(count)]


class Portal:
    """Remembers its calls; refuses what it is told to, by dossier or the whole call."""

    def __init__(self, bad: str = "", *, names_it: bool = True) -> None:
        self.calls: list[list[str]] = []
        self._bad, self._names_it = bad, names_it

    async def __call__(self, chunk: list[dict[str, str]]) -> dict[str, str]:
        self.calls.append([one["MaHoSo"] for one in chunk])
        if self._bad not in self.calls[-1]:
            return {}
        return {self._bad if self._names_it else "": "code_2"}


async def test_given_more_than_a_call_takes_then_they_go_in_chunks_in_order():
    portal = Portal()
    batches = Batches(portal, 10)

    said = await asyncio.gather(*[batches.add(elements(code, 4)) for code in "abcde"])

    assert said == [""] * 5
    assert ["".join(call) for call in portal.calls] == ["aaaabbbb", "ccccdddd", "eeee"]


@pytest.mark.parametrize("names_it", [True, False])
async def test_given_one_that_is_refused_then_only_its_dossier_hears_of_it(names_it):
    portal = Portal("b", names_it=names_it)
    batches = Batches(portal, 10)

    said = await asyncio.gather(*[batches.add(elements(code, 2)) for code in "abc"])

    assert said == ["", "code_2", ""]


async def test_given_no_answer_then_all_of_the_call_hear_of_it_and_the_next_goes_on():
    class Away(Exception):
        pass

    async def send(chunk: list[dict[str, str]]) -> dict[str, str]:
        if chunk[0]["MaHoSo"] == "a":
            raise Away
        return {}

    batches = Batches(send, 4)
    said: list[Any] = await asyncio.gather(
        *[batches.add(elements(code, 2)) for code in "abcd"], return_exceptions=True
    )

    assert [type(one).__name__ for one in said] == ["Away", "Away", "str", "str"]
