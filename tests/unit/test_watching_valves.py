"""What the gauges show of the valves."""

from prometheus_client import REGISTRY

from plumbing.valve import IN_A_ROW
from plumbing.valves import Limit, Valves
from plumbing.watching import show_valves


def gauge(name: str, kind: str) -> float | None:
    return REGISTRY.get_sample_value(name, {"service": "toy", "kind": kind})


def test_given_several_turns_when_shown_then_the_least_window_and_how_many_are_shut():
    valves = Valves({"portal": Limit(per_turn=8, start=6)}, clock=lambda: 0.0, jitter=lambda: 1.0)
    for turn in ("a", "b"):
        for whose in range(IN_A_ROW):
            passed = valves.begin("portal", turn)
            assert passed is not None
            passed.report("done" if turn == "a" else "unknown", whose)

    show_valves(valves, "toy")

    assert gauge("dossiers_valve_shut", "portal") == 1
    assert gauge("dossiers_valve_window", "portal") == 1
