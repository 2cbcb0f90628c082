"""How much of everything is measured: QUICK=1, plain, FULL=1."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

#: What `ONLY` may name: beside ours, on one stack with ours, and on Kafka and PostgreSQL alone.
COMPARED = ("handwritten", "dbos", "ceilings")
WHOLE = ("bus", "http", "open_loop", "backlog", *COMPARED)
STAGES = ("consuming_stage", "stored", "partitions", "pages")
SECTIONS = (*WHOLE, *STAGES, "replicas", "decisions", "audit")


@dataclass(frozen=True)
class Planned:
    """Sizes of the runs; 0 or nothing leaves one out. `only` names the sections, if any is named.

    `others` are the sections of single parts: decisions, audit, pages. `judge_each` checks every
    invariant after each run, else once after all of them.
    """

    dossiers: int = 3_000
    over_http: int = 1_500
    window: int = 1_500
    rates: tuple[float, ...] = (25, 50, 100, 200)
    rate_seconds: float = 15
    backlog: int = 12_500
    handwritten: int = 1_500
    at_once: bool = True
    dbos: int = 800
    events: int = 20_000
    stored: tuple[int, ...] = (10_000, 100_000, 1_000_000)
    partitions: tuple[int, ...] = (1, 6, 24)
    replicas: tuple[int, ...] = ()
    replayed: int = 8_000
    others: bool = True
    judge_each: bool = True
    only: frozenset[str] = frozenset()

    def has(self, section: str) -> bool:
        """Return whether that section is asked for."""
        return not self.only or section in self.only


QUICK = Planned(
    dossiers=400,
    over_http=150,
    window=400,
    rates=(100,),
    rate_seconds=3,
    backlog=200,
    handwritten=150,
    at_once=False,
    dbos=100,
    events=4_000,
    stored=(),
    partitions=(),
    others=False,
    judge_each=False,
)
#: Also what takes long: processes side by side (each a fifth of the dossiers), and a replay of a
#: million events.
FULL = Planned(dossiers=10_000, over_http=5_000, replicas=(1, 2), replayed=91_000)


def planned(environment: Mapping[str, str]) -> Planned:
    """Return what the environment asks for; `ONLY` has names of sections, with commas between.

    Leaves with a sentence when one of them is none.
    """
    chosen = Planned()
    if environment.get("QUICK"):
        chosen = QUICK
    elif environment.get("FULL"):
        chosen = FULL
    only = frozenset(filter(None, environment.get("ONLY", "").split(",")))
    if unknown := sorted(only - set(SECTIONS)):
        raise SystemExit(f"ONLY: no section {', '.join(unknown)}; there are: {', '.join(SECTIONS)}")
    return replace(chosen, only=only)
