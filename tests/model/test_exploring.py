"""What an exploration leaves out brings nothing new."""

from collections.abc import Iterator
from typing import NamedTuple

from tests.model.exploring import Exploration, Step, Wrong, explore

FAULT = 1


class Place(NamedTuple):
    """A place on a road, and whether the one fault there is has happened."""

    name: str
    happened: int = 0


def explored(roads: dict[str, str], faults: dict[str, str]) -> Exploration:
    """Walk the roads; a fault leads off at its place, and where it leads to "wrong" it is wrong."""

    def steps(at: Place) -> Iterator[Step[Place]]:
        for to in roads.get(at.name, ""):
            yield Step(f"{at.name}{to}", Place(to, at.happened))
        if not at.happened:
            for to in faults.get(at.name, ""):
                wrong = Wrong.LOST if to == "!" else None
                yield Step(f"{at.name}{to}", Place(to, FAULT), fault=True, wrong=wrong)

    return explore(Place("a"), steps, lambda _: iter(()), luck=lambda at: (at.name, at.happened))


def test_given_a_state_reached_by_a_fault_when_reached_without_it_then_the_fault_may_still_come():
    found = explored({"a": "b", "b": "c"}, faults={"a": "c", "c": "!"})

    assert found.ways_to == {Wrong.LOST: ("ab", "bc", "c!")}


def test_given_a_state_reached_without_a_fault_when_reached_by_it_then_it_is_not_visited_again():
    found = explored({"a": "b", "b": "c", "c": "d"}, faults={"b": "c"})

    assert found.states == len("abcd")
    assert found.step_names == {"ab", "bc", "cd"}
