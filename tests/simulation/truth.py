"""What really happened upstream, and the log that tells it with repeats, detours and garbage."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any
from uuid import UUID

from aiokafka import TopicPartition

from contracts.envelope import decode
from contracts.topics import SUBMISSIONS
from tests.integration.core_kit import INTAKE, ROUTING, Dossier, a_record
from tests.simulation.broker import Partition, partitions

Log = dict[TopicPartition, Partition]


@dataclass
class Truth:
    """What was said upstream, and the records that tell it."""

    rng: Random
    dossiers: list[Dossier] = field(default_factory=list)
    events: list[UUID] = field(default_factory=list)
    unsequenced: int = 0
    garbage: set[tuple[str, int, int]] = field(default_factory=set)
    told: Log = field(default_factory=partitions)

    def __post_init__(self) -> None:
        """Say something of one to three dossiers, and tell it badly."""
        rng = self.rng
        self.dossiers = [
            Dossier(UUID(int=rng.getrandbits(128), version=4)) for _ in range(rng.randint(1, 3))
        ]
        streams = [(INTAKE, ["submitted"])] if rng.random() < 0.4 else []
        for topic, names in (*streams, (ROUTING, ["routed", "accepted"])):
            turns = [d for d in self.dossiers for _ in range(rng.randint(1, 4))]
            rng.shuffle(turns)
            said = [(dossier, dossier.says(rng.choice(names))) for dossier in turns]
            self.events += [decode(body).id for _, body in said]
            for dossier, body in self._with_trouble(said):
                self._append(topic, body, str(dossier.id).encode())
        for n in range(rng.randint(0, 6)):
            self._append(SUBMISSIONS.name, b"%d" % n, b"portal")
            self.unsequenced += 1

    def _with_trouble(self, said: Sequence[Any]) -> Iterator[Any]:
        rng, count = self.rng, len(said)
        places = [(n + (rng.uniform(1, 6) if rng.random() < 0.2 else 0), n) for n in range(count)]
        places += [(n + rng.uniform(0, 8), n) for n in range(count) if rng.random() < 0.2]
        if rng.random() < 0.4:  # a zombie relay sends a stretch of the past again
            start, later = rng.randrange(count), rng.uniform(1, 8)
            places += [(start + later + n / 100, start + n) for n in range(min(4, count - start))]
        return (said[n] for _, n in sorted(places))

    def _append(self, topic: str, body: bytes, key: bytes) -> None:
        records = self.told[TopicPartition(topic, 0)].records
        if self.rng.random() < 0.04:  # a transaction's marker takes an offset
            records.append(None)
        if self.rng.random() < 0.04 and topic != SUBMISSIONS.name:
            self.garbage.add((topic, 0, len(records)))
            records.append(a_record(topic, b"{", key, offset=len(records)))
        records.append(a_record(topic, body, key, offset=len(records)))
