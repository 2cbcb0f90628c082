"""Which roads lead over a detour, and that none does unless it is asked for."""

from pathlib import Path

import pytest

from local_stack import kafka, ports, roads
from local_stack.credentials import SERVICES
from local_stack.errors import StackFailed
from local_stack.kafka import Node
from local_stack.places import Place
from local_stack.surroundings import Surroundings

DATABASE = "postgresql://owner:secret@127.0.0.1:5432/owner"


def surroundings(more_ports: dict[str, int]) -> Surroundings:
    databases = dict.fromkeys(SERVICES, DATABASE)
    known = ports.USUAL | more_ports
    return Surroundings(Place(Path("/clone"), "run"), "k:9092", databases, known, {}, 0.0)


def test_given_no_detours_then_every_road_is_the_direct_one():
    around = surroundings({})

    assert around.kafka_of_services == "k:9092"
    assert {around.database(service) for service in SERVICES} == {DATABASE}
    assert {road: around.port(road) for road in roads.OUTSIDE} == {
        road: ports.USUAL[target] for road, target in roads.OUTSIDE.items()
    }
    assert "PROXIED" not in kafka.settings(Node(1, 9092, 9093, Path("/x")), ())


def test_given_detours_then_every_road_begins_at_its_own():
    numbers = {name: 20_000 + n for n, name in enumerate(roads.port_names(3))}
    around = surroundings(numbers)

    found = {road: around.port(road) for road in roads.OUTSIDE}
    kafka_ports = [int(one.rpartition(":")[2]) for one in around.kafka_of_services.split(",")]

    assert found == {road: numbers[f"detour-{road}"] for road in roads.OUTSIDE}
    assert kafka_ports == [numbers[f"detour-kafka-{n}"] for n in (1, 2, 3)]
    for service in SERVICES:
        port = numbers[f"detour-database-{service}"]
        assert around.database(service) == f"postgresql://owner:secret@127.0.0.1:{port}/owner"
    assert around.kafka == "k:9092"
    assert around.url("sandbox") == f"http://127.0.0.1:{ports.USUAL['sandbox']}"


def test_given_a_detour_then_kafka_tells_its_port_to_those_who_come_over_it_alone():
    node = Node(1, 9092, 9093, Path("/x"), proxied_port=9192, detour_port=9292)

    lines = kafka.settings(node, [node]).splitlines()

    assert (
        "listeners=PLAINTEXT://127.0.0.1:9092,CONTROLLER://127.0.0.1:9093,PROXIED://127.0.0.1:9192"
        in lines
    )
    assert "advertised.listeners=PLAINTEXT://127.0.0.1:9092,PROXIED://127.0.0.1:9292" in lines
    assert "inter.broker.listener.name=PLAINTEXT" in lines


@pytest.mark.parametrize(
    ("said", "outer"), [("yes", {}), ("1", {"DATABASE_URL": DATABASE}), ("2", {})]
)
def test_given_what_cannot_be_then_it_is_refused_in_words(
    monkeypatch: pytest.MonkeyPatch, said: str, outer: dict[str, str]
):
    monkeypatch.setenv("DETOURS", said)
    for name, value in outer.items():
        monkeypatch.setenv(name, value)

    with pytest.raises(StackFailed, match="DETOURS"):
        roads.wanted()
