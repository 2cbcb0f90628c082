"""Lets a program end between any two steps on the disk, as if the machine had stopped there."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from audit.archive import SegmentWriter


class Crash(BaseException):
    """Everything ends here."""


class Steps:
    """Counts what is done to the disk; `at` is the step before which everything ends."""

    def __init__(self, patch: pytest.MonkeyPatch, end: Callable[[], None]) -> None:
        self.done, self.at, self._end = 0, -1, end
        for owner, name in (
            (SegmentWriter, "__init__"),
            (SegmentWriter, "write"),
            (SegmentWriter, "commit"),
            (Path, "rename"),
            (Path, "unlink"),
            (os, "fsync"),
        ):
            patch.setattr(owner, name, self._counted(getattr(owner, name)))

    def step(self) -> None:
        """Count one more, unless everything ends before it; then nothing works any more."""
        if 0 <= self.at <= self.done:
            self._end()
        self.done += 1

    def _counted(self, real: Callable[..., Any]) -> Callable[..., Any]:
        def counted(*given: Any, **named: Any) -> Any:
            self.step()
            return real(*given, **named)

        return counted


def every_crash(steps: Steps, work: Callable[[], None]) -> Iterator[int]:
    """Do the work again and again, each time ended one step later, until it comes to its end.

    Yield after each time how many steps there were; between, everything works.
    """
    for at in range(10_000):
        steps.done, steps.at = 0, at
        try:
            work()
        except Crash:
            steps.at = -1
            yield at
        else:
            steps.at = -1
            return
    raise AssertionError("never comes to its end")


@pytest.fixture
def steps() -> Iterator[Steps]:
    """Steps that end by raising Crash; what is left undone is left so."""

    def end() -> None:
        raise Crash

    with pytest.MonkeyPatch.context() as patch:
        yield Steps(patch, end)
