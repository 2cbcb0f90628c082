"""Which functions are mutated, which tests must see it, and which mutants change nothing."""

from collections.abc import Callable
from types import ModuleType
from typing import Any

from plumbing import cursors, offsets, sequencing, settling
from plumbing.beginning import Beginnings
from plumbing.consuming import Consumer
from plumbing.effects import Executor
from plumbing.settling import FloodGate, Settler
from tests.simulation import test_conditions, test_consuming, test_settling
from tests.unit import test_core_rules, test_sequencing

#: The decisions about sequence, offset and lease.
TARGETS: tuple[Callable[..., Any], ...] = (
    sequencing.read,
    sequencing.sort,
    sequencing._park,
    sequencing._advance,
    offsets.load_next,
    offsets.begin,
    offsets.advance,
    settling.condemns,
    FloodGate.count,
    Settler.settle,
    Settler._at_once,
    Settler._apart,
    Settler._once,
    Settler._singly,
    Settler._bury,
    Consumer._settle,
    Consumer._expected,
    Consumer._look_again,
    Consumer._pass_over,
    cursors.load_waiting,
    cursors.save_cursors,
    cursors.drop_parked,
    cursors.save_parked,
    Beginnings.begin,
    Beginnings._begin,
    Executor._finish,
)
#: Tried in this order, the quick ones first; what they all let pass meets the simulation.
TESTS: tuple[ModuleType, ...] = (
    test_sequencing,
    test_settling,
    test_consuming,
    test_conditions,
    test_core_rules,
)
SEEDS = range(150)

_ONE_TOPIC = "which of the portions names the topic makes no difference: all are of one"
#: Mutants that no test can see, by function and change, with the reason.
EQUIVALENT: dict[tuple[str, str], str] = {
    ("Settler._at_once", "0 -> 1"): _ONE_TOPIC,
    ("Settler._at_once", "0 -> -1"): _ONE_TOPIC,
    ("Settler._once", "0 -> -1"): _ONE_TOPIC,
    ("Settler._once", "if settled.suspect: -> if True"): "a count of none changes nothing",
    (
        "Consumer._expected",
        "await offsets.load_next(conn, self._settler.group, tp) or 0 -> without 0",
    ): "the row is there, for it was just begun and no statement deletes one; 0 is for the types",
}

#: Functions whose SQL is mutated, beside the constants of `leases`.
SQL_TARGETS: tuple[Callable[..., Any], ...] = (
    offsets.load_next,
    offsets.begin,
    offsets.advance,
    cursors.load_cursors,
    cursors.load_waiting,
    cursors.save_cursors,
    cursors.drop_parked,
    cursors.save_parked,
)
#: SQL mutants that no test can see, by place and change, with the reason.
_INSTANT = "two instants would have to be the same microsecond; waiting one more changes nothing"
EQUIVALENT_SQL: dict[tuple[str, str], str] = {
    ("c.due_at <= statement_timestamp()", "] <= -> <"): _INSTANT,
    ("c.lease_until < statement_tim", "] < -> <="): _INSTANT,
}
