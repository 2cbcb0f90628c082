"""Lets a mutant live in a process of its own and tells whether a test saw it."""

import contextlib
import inspect
import io
import itertools
import os
import signal
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from hypothesis import HealthCheck, settings

from tests.mutation.mutating import Mutant
from tests.mutation.targets import SEEDS, TESTS
from tests.simulation.leaving_out import play

#: A mutant that computes in one test for so long, or waits for so long, does so for ever, which a
#: test sees. The longest test computes for a few seconds, however slow the machine is else.
CPU_SECONDS, PATIENCE_SECONDS = 10.0, 60
Test = Callable[[], Any]


def tests_of(module: ModuleType) -> Iterator[tuple[str, Test]]:
    """Give the tests of a module that need no fixture, one per set of parameters."""
    for name, test in vars(module).items():
        if not name.startswith("test_") or not callable(test):
            continue
        marks = [mark for mark in getattr(test, "pytestmark", []) if mark.name == "parametrize"]
        choices = [[_named(mark.args[0], values) for values in mark.args[1]] for mark in marks]
        for chosen in itertools.product(*choices):
            given = {key: value for one in chosen for key, value in one.items()}
            if set(inspect.signature(test).parameters) <= set(given) or hasattr(test, "hypothesis"):
                yield name, lambda test=test, given=given: test(**given)


def _named(names: Any, values: Any) -> dict[str, Any]:
    listed = [one.strip() for one in names.split(",")] if isinstance(names, str) else list(names)
    return dict(zip(listed, values if len(listed) > 1 else [values], strict=True))


def all_tests() -> list[tuple[str, Test]]:
    """Return every test, those that draw examples last."""
    found = [one for module in TESTS for one in tests_of(module)]
    drawn = [one for one in found if hasattr(vars_of(one[0]), "hypothesis")]
    plain = [one for one in found if one not in drawn]
    return [*plain, ("the simulation", _simulation), *drawn]


def vars_of(name: str) -> Any:
    """Return the test of that name."""
    return next(vars(module)[name] for module in TESTS if name in vars(module))


def _simulation() -> None:
    for seed in SEEDS:
        _, found = play(seed)
        assert found == [], seed


def seen_by(mutant: Mutant, tests: list[tuple[str, Test]]) -> str | None:
    """Return which test sees the mutant, or None when it survives."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(reading)
        name = _first_to_fail(mutant, tests)
        os.write(writing, (name or "").encode())
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as answer:
        told = answer.read()
    _, status = os.waitpid(child, 0)
    return "its time" if os.WIFSIGNALED(status) else told or None


def _first_to_fail(mutant: Mutant, tests: list[tuple[str, Test]]) -> str | None:
    for ends in (signal.SIGALRM, signal.SIGPROF):
        signal.signal(ends, signal.SIG_DFL)
    settings.register_profile("mutants", database=None, suppress_health_check=list(HealthCheck))
    settings.load_profile("mutants")
    sys.stderr = io.StringIO()
    with contextlib.redirect_stdout(io.StringIO()), mutant.alive():
        return first_to_fail(tests)


def first_to_fail(tests: list[tuple[str, Test]]) -> str | None:
    """Return the first test that fails, or None."""
    for name, test in tests:
        signal.alarm(PATIENCE_SECONDS)
        signal.setitimer(signal.ITIMER_PROF, CPU_SECONDS)
        try:
            test()
        except BaseException:
            return name
    signal.alarm(0)
    signal.setitimer(signal.ITIMER_PROF, 0)
    return None
