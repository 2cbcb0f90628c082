"""What each figure is called, its unit, and what is wanted of it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal


@dataclass(frozen=True)
class Target:
    """A figure by its place in `build/bench.json` and what it should be, in its unit."""

    words: str
    place: tuple[str, ...]
    unit: str
    wanted: float
    bound: Literal["least", "most"]

    def of(self, found: Mapping[str, Any]) -> float | None:
        """Return the figure, None where it was not measured."""
        here: Any = found
        for name in self.place:
            here = here.get(name) if isinstance(here, Mapping) else None
        return here

    def is_missed(self, found: Mapping[str, Any]) -> bool:
        """Return whether it was measured and is not reached."""
        here = self.of(found)
        if here is None:
            return False
        return here < self.wanted if self.bound == "least" else here > self.wanted

    @property
    def shown(self) -> str:
        """Return what is wanted, in words."""
        return f"{self.wanted:,g} or {'more' if self.bound == 'least' else 'less'}"


TARGETS = (
    Target("registered a second, on the bus", ("bus_per_s",), "dossiers", 1000, "least"),
    Target("registered a second, over HTTP", ("http_per_s",), "dossiers", 500, "least"),
    Target("beside the hand-written version", ("bus_over_handwritten",), "times", 10, "least"),
    Target("beside DBOS", ("bus_over_dbos",), "times", 20, "least"),
    Target("handling beside the same SQL alone", ("handling_over_ceiling",), "times", 0.6, "least"),
    Target("half registered within, at 100 a second", ("p50_ms",), "ms", 150, "most"),
    Target("99 of 100 within, at 100 a second", ("p99_ms",), "ms", 500, "most"),
    Target("a day after an outage is done in", ("backlog_drain_s",), "s", 60, "most"),
    Target(
        "a million stored beside ten thousand",
        ("million_over_ten_thousand",),
        "times",
        0.9,
        "least",
    ),
    Target("verified by a second of a core", ("audit", "verify_per_s"), "events", 200_000, "least"),
    Target(
        "decided again by a second of a core", ("audit", "replay_per_s"), "events", 200_000, "least"
    ),
    Target("compared beside reading alone", ("audit", "compare_over_raw"), "times", 0.5, "least"),
)
#: Resident memory of each service, MB.
MOST_RSS = 120


def missed(found: Mapping[str, Any]) -> list[str]:
    """Return a sentence for each target that was measured and not reached."""
    lines = [
        f"{one.words}: {one.of(found):,g} {one.unit}, wanted are {one.shown}"
        for one in TARGETS
        if one.is_missed(found)
    ]
    lines += [
        f"memory of {service}: {here} MB, wanted are {MOST_RSS} or less"
        for service, here in (found.get("rss_mb") or {}).items()
        if here > MOST_RSS
    ]
    return lines
