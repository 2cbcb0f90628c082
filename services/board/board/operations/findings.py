"""What is wrong, judged from what was seen; the worst first. Limits as in the alert rules."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Literal

from board.operations.looking import Seen, how_open
from plumbing.overview_views import LastRun, Overview

#: `bad`: wakes somebody; `look`: someone has to look by day; `people`: people wait for people.
Level = Literal["bad", "look", "people"]
LEVELS: Final[Sequence[Level]] = ("bad", "look", "people")

LAG_SECONDS: Final = (30, 300)
OUTBOX_SECONDS: Final = (30, 300)
DUE_SECONDS: Final = (300, 3600)
UNFINISHED_SECONDS: Final = 6 * 3600
#: A comparison is made every day.
NO_RUN_SECONDS: Final = 26 * 3600


@dataclass(frozen=True)
class _Limits:
    """From what age, or from more than how many, a kind of stuck things is `bad`."""

    look_seconds: int = 0
    bad_seconds: float = float("inf")
    bad_count: float = float("inf")


STUCK: Final[Mapping[str, _Limits]] = {
    "parked": _Limits(60, bad_seconds=300),
    "dead_letter": _Limits(bad_count=20),
    "in_doubt": _Limits(60, bad_seconds=900, bad_count=100),
    "manual": _Limits(bad_seconds=86_400),
    "conflict": _Limits(bad_count=0),
}
#: What a process that is not well is found by; much else follows from it.
_PROCESSES: Final = frozenset(
    f"finding.{one}" for one in ("away", "replica_away", "stuck", "waits", "no_figures")
)
RUNBOOK: Final[Mapping[str, str]] = {
    "parked": "parked-records",
    "dead_letter": "dead-letters",
    "in_doubt": "calls-in-doubt-old-or-by-hand",
    "manual": "calls-in-doubt-old-or-by-hand",
    "conflict": "conflicts",
}


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong: `key` names its sentence, `places` fill it.

    `seconds` is how long it has been so, none when nobody knows; `runbook` an anchor of the
    operations document; `kind` and `act_id` where on these pages it is looked at.
    """

    level: Level
    key: str
    service: str
    places: Mapping[str, object] = field(default_factory=dict)
    seconds: float | None = None
    runbook: str = "run-stop-look"
    kind: str = ""
    act_id: str = ""


def find(seen: Iterable[Seen], now: datetime) -> list[Finding]:
    """Return what is wrong, the worst first; of each level first processes that are not well."""
    found = [finding for one in seen for finding in _of_service(one, now)]
    return sorted(found, key=_worst_first)


def _worst_first(one: Finding) -> tuple[int, bool, float]:
    return LEVELS.index(one.level), one.key not in _PROCESSES, -(one.seconds or 0)


def _of_service(seen: Seen, now: datetime) -> Iterator[Finding]:
    yield from _replicas(seen)
    figures = seen.figures
    if figures is None:
        return
    yield from _waiting(seen, figures)
    yield from _valves(seen, figures)
    yield from _stuck(figures)
    for run in figures.comparisons:
        yield from _comparison(figures.service, run, now)
    for act in seen.proposals:
        places = {"person": act.proposed_by, "count": len(act.items)}
        seconds = (now - act.proposed_at).total_seconds()
        yield Finding(
            "people",
            f"finding.proposed.{act.act}",
            seen.service,
            places,
            seconds,
            "when-something-waits",
            act_id=str(act.act_id),
        )


def _replicas(seen: Seen) -> Iterator[Finding]:
    away = [one for one in seen.replicas if one.state == "away"]
    if away:
        all_away = len(away) == len(seen.replicas)
        places = {"place": ", ".join(one.place for one in away), "reason": away[0].reason}
        level: Level = "bad" if all_away else "look"
        key = "finding.away" if all_away else "finding.replica_away"
        yield Finding(level, key, seen.service, places)
    for one in seen.replicas:
        places = {"place": one.place, "reason": one.reason}
        if one.state in ("stuck", "waits"):
            yield Finding("bad", f"finding.{one.state}", seen.service, places)
        elif one.state == "ready" and one.overview is None:
            yield Finding("look", "finding.no_figures", seen.service, places)


def _level(seconds: float, limits: tuple[int, int]) -> Level | None:
    look, bad = limits
    if seconds > bad:
        return "bad"
    return "look" if seconds > look else None


def _waiting(seen: Seen, figures: Overview) -> Iterator[Finding]:
    service = figures.service
    for lag in seen.lag or ():
        if level := _level(lag.oldest_seconds, LAG_SECONDS):
            places = {"topic": lag.topic, "count": lag.waiting}
            yield Finding(level, "finding.lag", service, places, lag.oldest_seconds)
    outbox = figures.outbox
    if level := _level(outbox.oldest_seconds, OUTBOX_SECONDS):
        places = {"count": outbox.waiting}
        anchor = "the-outbox-gets-old"
        yield Finding(level, "finding.outbox", service, places, outbox.oldest_seconds, anchor)
    whole = {pause.lane for pause in figures.pauses if not pause.turn}
    for calls in figures.calls:
        level = _level(calls.due_seconds, DUE_SECONDS)
        if level and calls.lane not in whole:
            places = {"lane": calls.lane, "call": calls.call, "count": calls.due}
            anchor = "lanes-and-valves"
            yield Finding(level, "finding.due", service, places, calls.due_seconds, anchor)


def _valves(seen: Seen, figures: Overview) -> Iterator[Finding]:
    shut: dict[str, set[str]] = {}
    for _, valve in seen.valves:
        if how_open(valve) in ("shut", "trying"):
            shut.setdefault(valve.call, set()).add(valve.turn)
    due = {calls.call: calls for calls in figures.calls}
    for call, turns in shut.items():
        named = ", ".join(sorted(filter(None, turns)))
        places = {"call": call, "turns": f" ({named})" if named else ""}
        seconds = due[call].due_seconds if call in due else 0.0
        level: Level = "bad" if seconds > 600 else "look"
        yield Finding(level, "finding.shut", seen.service, places, seconds, "lanes-and-valves")
    for pause in figures.pauses:
        places = {
            "lane": "/".join(filter(None, (pause.lane, pause.turn))),
            "person": pause.paused_by,
            "reason": pause.reason,
        }
        seconds = (figures.at - pause.at).total_seconds()
        yield Finding("look", "finding.paused", seen.service, places, seconds, "lanes-and-valves")


def _stuck(figures: Overview) -> Iterator[Finding]:
    for one in figures.stuck:
        limits, age = STUCK.get(one.kind, _Limits()), one.oldest_seconds
        if not one.count or (age <= limits.look_seconds and one.count <= limits.bad_count):
            continue
        is_bad = age > limits.bad_seconds or one.count > limits.bad_count
        anchor = RUNBOOK.get(one.kind, "when-something-waits")
        yield Finding(
            "bad" if is_bad else "look",
            f"finding.stuck.{one.kind}",
            figures.service,
            {"count": one.count},
            age,
            anchor,
            kind=one.kind,
        )


def _comparison(service: str, run: LastRun, now: datetime) -> Iterator[Finding]:
    places: dict[str, object] = {"neighbour": run.neighbour}
    anchor = "the-register-misspeaks"
    begun = (now - run.started_at).total_seconds()
    if run.finished_at is None and begun > UNFINISHED_SECONDS:
        yield Finding("look", "finding.unfinished", service, places, begun, "lanes-and-valves")
    elif run.finished_at is not None and begun > NO_RUN_SECONDS:
        yield Finding("look", "finding.not_compared", service, places, begun, "lanes-and-valves")
    if run.numbers:
        places = {**places, "count": run.numbers}
        yield Finding("look", "finding.held_back", service, places, run.oldest_seconds, anchor)
    if others := run.for_people - run.numbers:
        places = {**places, "count": others}
        yield Finding("look", "finding.differs", service, places, run.oldest_seconds, anchor)
