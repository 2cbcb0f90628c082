"""Every drill there is, in the order of the runbook."""

from tests.drills import databases, mending, outside, people, processes, releases, topics
from tests.drills.drill import Drill

DRILLS: tuple[Drill, ...] = (
    *processes.DRILLS,
    *outside.DRILLS,
    *releases.DRILLS,
    *databases.DRILLS,
    *topics.DRILLS,
    *mending.DRILLS,
    *people.DRILLS,
)
