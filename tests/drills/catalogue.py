"""Every drill there is, in the order of the runbook."""

from tests.drills import (
    databases,
    disks,
    mending,
    outside,
    partitions,
    people,
    processes,
    releases,
    topics,
)
from tests.drills.drill import Drill

DRILLS: tuple[Drill, ...] = (
    *processes.DRILLS,
    *outside.DRILLS,
    *releases.DRILLS,
    *databases.DRILLS,
    *disks.DRILLS,
    *topics.DRILLS,
    *partitions.DRILLS,
    *mending.DRILLS,
    *people.DRILLS,
)
