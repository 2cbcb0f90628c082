"""The figures everybody asks for, from the sections of a run."""

from collections.abc import Mapping
from typing import Any

Figures = dict[str, Any]

#: Keys of `build/bench.json` beside the sections; what was not measured is null.
KEYS = (
    "bus_per_s",
    "http_per_s",
    "handwritten_per_s",
    "dbos_per_s",
    "handling_over_ceiling",
    "p50_ms",
    "p99_ms",
    "backlog_drain_s",
    "million_over_ten_thousand",
    "rss_mb",
    "ceilings",
    "bus_over_handwritten",
    "bus_over_dbos",
    "bus_told_per_s",
    "http_told_per_s",
)
#: The rate submit to registered is asked at.
ASKED_RATE = 100
_BACKLOG = 12_500
_MILLION, _TEN_THOUSAND = 1_000_000, 10_000


def headline(sections: Mapping[str, Any]) -> Figures:
    """Return every key of KEYS; None where its section is missing or was run smaller."""
    found: Figures = dict.fromkeys(KEYS)
    for name in ("bus", "http"):
        run = sections.get(name, {})
        found[f"{name}_per_s"] = run.get("registered_per_s")
        found[f"{name}_told_per_s"] = run.get("told_per_s")
    found["handwritten_per_s"] = sections.get("handwritten", {}).get("registered_per_s")
    found["dbos_per_s"] = sections.get("dbos", {}).get("per_s")
    stage = sections.get("consuming_stage", {})
    found["handling_over_ceiling"] = stage.get("ratio")
    for one in sections.get("open_loop", ()):
        if one["rate"] == ASKED_RATE:
            found["p50_ms"], found["p99_ms"] = one["p50_ms"], one["p99_ms"]
    backlog = sections.get("backlog", {})
    found["backlog_drain_s"] = (
        backlog.get("drain_s") if backlog.get("dossiers") == _BACKLOG else None
    )
    found["million_over_ten_thousand"] = _over(sections.get("stored", ()))
    found["rss_mb"] = sections.get("rss_mb")
    sql = {"same_sql_events_per_s": stage.get("same_sql_without_kafka_per_second")}
    found["ceilings"] = (
        {**sql, **sections.get("ceilings", {})} if stage else sections.get("ceilings")
    )
    for name in ("handwritten", "dbos"):
        found[f"bus_over_{name}"] = _ratio(found["bus_per_s"], found[f"{name}_per_s"])
    return found


def _over(curve: Any) -> float | None:
    by_stored = {one["stored"]: one["per_s"] for one in curve}
    return _ratio(by_stored.get(_MILLION), by_stored.get(_TEN_THOUSAND), 3)


def _ratio(one: float | None, other: float | None, digits: int = 1) -> float | None:
    return round(one / other, digits) if one is not None and other else None


def dearest(sections: Mapping[str, Any]) -> str:
    """Return which process takes most of a dossier on the bus, in words; "" when not measured."""
    cost: Mapping[str, float] = sections.get("bus", {}).get("cpu_ms_per_dossier", {})
    if not cost:
        return ""
    shown = ", ".join(f"{name} {cost[name]}" for name in sorted(cost, key=cost.__getitem__)[::-1])
    return f"processor milliseconds of a dossier, {sum(cost.values()):.1f} in all: {shown}"
