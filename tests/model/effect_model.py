"""One act outside the house, such as a registration over HTTP, and two workers that try to do it.

The effect is a row; a worker leases it, calls, and writes down the answer under its fence number.
The network may hold a request for as long as it likes. Each fault happens at most once.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from tests.model.exploring import Exploration, Step, Wrong, explore


class Fault(IntEnum):
    """What may go wrong around the design; each is one bit of a mask."""

    WORKER_CRASH = 1
    EARLY_TIMEOUT = 2  # the worker gives up while the request or the answer is on its way
    EARLY_LEASE_END = 4  # the worker sleeps through its lease and wakes up later
    REQUEST_LOST = 8
    ANSWER_LOST = 16


ALL_FAULTS = sum(Fault)


@dataclass(frozen=True, slots=True)
class Design:
    """One way to call the outside; lease and fence are always there."""

    asks_first: bool = False  # from the second try on, ask whether it is already done
    keyed: bool = False  # the other side knows the idempotency key and does the act once
    outwaits: bool = False  # no new try while a worker or a request of an earlier one may be alive


class Row(IntEnum):
    """The effect in the database."""

    DUE = 0  # pending or in doubt
    LEASED = 1
    DONE = 2


class Worker(IntEnum):
    """What a worker is about to do."""

    NOTHING = 0
    ASK = 1
    CALL = 2
    HEAR = 3  # it called and waits for the answer


IDLE = (Worker.NOTHING, 0)


class State(NamedTuple):
    """One moment; workers, requests and answers carry the fence number of their try."""

    row: Row = Row.DUE
    lease_over: bool = False
    fence: int = 0
    workers: tuple[tuple[Worker, int], tuple[Worker, int]] = (IDLE, IDLE)
    requests: tuple[int, ...] = ()
    answers: tuple[int, ...] = ()
    acts: int = 0  # how many times the other side did it
    happened: int = 0


def explore_effect(design: Design, *, faults: int = ALL_FAULTS) -> Exploration:
    """Everything that can come of one effect under `faults`."""

    def steps(state: State) -> Iterator[Step[State]]:
        for number, (doing, fence) in enumerate(state.workers):
            if doing is Worker.NOTHING:
                yield from _claim(design, state, number)
            else:
                yield from _work(state, number, doing, fence)
        yield from _network(design, state)
        yield from _lease_end(state, faults & ~state.happened)
        yield from _faults(state, faults & ~state.happened)

    def at_rest(state: State) -> Iterator[Wrong]:
        if not state.acts:
            yield Wrong.LOST
        if state.row is not Row.DONE:
            yield Wrong.STUCK

    return explore(State(), steps, at_rest)


def _claim(design: Design, state: State, number: int) -> Iterator[Step[State]]:
    free = state.row is Row.DUE or (state.row is Row.LEASED and state.lease_over)
    if design.outwaits:
        free = free and not state.requests and state.workers == (IDLE, IDLE)
    if free:
        fence = state.fence + 1
        doing = Worker.ASK if design.asks_first and fence > 1 else Worker.CALL
        after = state._replace(row=Row.LEASED, lease_over=False, fence=fence)
        yield Step("a worker takes the lease", _with_worker(after, number, (doing, fence)))


def _work(state: State, number: int, doing: Worker, fence: int) -> Iterator[Step[State]]:
    if doing is Worker.ASK and state.acts:
        yield Step("it asks and hears yes", _finished(state, number, Row.DONE))
    elif doing is Worker.ASK:
        yield Step("it asks and hears no", _with_worker(state, number, (Worker.CALL, fence)))
    elif doing is Worker.CALL:
        after = state._replace(requests=_plus(state.requests, fence))
        yield Step("it calls", _with_worker(after, number, (Worker.HEAR, fence)))
    elif fence in state.answers:
        after = state._replace(answers=_minus(state.answers, fence))
        yield Step("it hears the answer", _finished(after, number, Row.DONE))
    elif fence not in state.requests:
        yield Step("it times out", _finished(state, number, Row.DUE))


def _network(design: Design, state: State) -> Iterator[Step[State]]:
    for fence in set(state.requests):
        acts = 1 if design.keyed else state.acts + 1
        after = state._replace(
            requests=_minus(state.requests, fence),
            answers=_plus(state.answers, fence),
            acts=min(acts, 2),
        )
        wrong = Wrong.DOUBLE if acts > 1 else None
        yield Step("the other side gets a request", after, wrong=wrong)
    for fence in set(state.answers):
        if (Worker.HEAR, fence) not in state.workers:
            after = state._replace(answers=_minus(state.answers, fence))
            yield Step("nobody waits for the answer", after)


def _lease_end(state: State, left: int) -> Iterator[Step[State]]:
    if state.row is not Row.LEASED or state.lease_over:
        return
    holder_lives = any(fence == state.fence for _, fence in state.workers)
    after = state._replace(lease_over=True)
    if not holder_lives:
        yield Step("the lease ends", after)
    elif left & Fault.EARLY_LEASE_END:
        yield _fault(Fault.EARLY_LEASE_END, state, after)


def _faults(state: State, left: int) -> Iterator[Step[State]]:
    for number, (doing, _) in enumerate(state.workers):
        if doing is not Worker.NOTHING and left & Fault.WORKER_CRASH:
            yield _fault(Fault.WORKER_CRASH, state, _with_worker(state, number, IDLE))
        if doing is Worker.HEAR and left & Fault.EARLY_TIMEOUT:
            yield _fault(Fault.EARLY_TIMEOUT, state, _finished(state, number, Row.DUE))
    for fence in set(state.requests) if left & Fault.REQUEST_LOST else ():
        after = state._replace(requests=_minus(state.requests, fence))
        yield _fault(Fault.REQUEST_LOST, state, after)
    for fence in set(state.answers) if left & Fault.ANSWER_LOST else ():
        after = state._replace(answers=_minus(state.answers, fence))
        yield _fault(Fault.ANSWER_LOST, state, after)


def _finished(state: State, number: int, row: Row) -> State:
    """The worker writes `row` down and is free; under an old fence it changes nothing."""
    _, fence = state.workers[number]
    if fence == state.fence:
        state = state._replace(row=row, lease_over=False)
    return _with_worker(state, number, IDLE)


def _with_worker(state: State, number: int, worker: tuple[Worker, int]) -> State:
    other = state.workers[1 - number]
    workers = (worker, other) if number == 0 else (other, worker)
    return state._replace(workers=workers)


def _plus(fences: tuple[int, ...], fence: int) -> tuple[int, ...]:
    return tuple(sorted((*fences, fence)))


def _minus(fences: tuple[int, ...], fence: int) -> tuple[int, ...]:
    return tuple(other for other in fences if other != fence)


def _fault(fault: Fault, before: State, after: State) -> Step[State]:
    return Step(fault.name, after._replace(happened=before.happened | fault), fault=True)
