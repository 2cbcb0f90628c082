"""Which faults happen when: decided by the seed alone, before anything runs."""

import random
from collections import Counter
from collections.abc import Iterator, Sequence

from tests.chaos.campaign.course import Fault
from tests.chaos.campaign.kinds import POINTS, SKEWS, Kind, hit_by, kinds, service_of

#: Nothing is broken before every service has something to do.
WARM_UP_SECONDS = 6.0
FAULTS_A_MINUTE = 22
FULL_MINUTES = 5.0
#: Longer than an effect's lease (60 s) and a consumer's session (10 s).
LONG_PAUSE_SECONDS = 65.0
#: Between two faults on the same target, so that each is one of its own.
APART_SECONDS = 2.0
_STEP_SECONDS = 0.5


def timeline(seed: int, minutes: float, brokers: int) -> tuple[Fault, ...]:
    """Return the faults in order of time; the same arguments give the same ones for ever.

    They end before the load does, `minutes` after its begin. Faults overlap, never on the same
    target. With a minute or more for it, every kind comes at least once.
    """
    dice = random.Random(f"timeline:{seed}:{minutes}:{brokers}")
    known = kinds(brokers)
    count = max(1, round(FAULTS_A_MINUTE * minutes))
    chosen = _chosen(dice, known, count)
    placed: list[Fault] = []
    last = minutes * 60
    for slot, kind in enumerate(chosen):
        at = WARM_UP_SECONDS + (last - WARM_UP_SECONDS) * (slot + dice.random()) / len(chosen)
        placed.append(_placed(dice, kind, at, last, minutes, placed))
    in_order = sorted(placed, key=lambda fault: fault.at)
    return tuple(
        Fault(number, one.kind, one.target, one.at, one.seconds, one.how)
        for number, one in enumerate(in_order, start=1)
    )


def lines(faults: Sequence[Fault]) -> Iterator[str]:
    """Yield the timeline for a person, one line per fault, then how many of each kind."""
    for fault in faults:
        how = " ".join(f"{name}={value}" for name, value in fault.how.items())
        lasting = f"{fault.seconds:5.1f} s" if fault.seconds else " " * 7
        yield f"{fault.number:4} {fault.at:7.1f} s {lasting}  {fault.kind:<24}{fault.target} {how}"
    counts = Counter(fault.kind for fault in faults)
    yield f"{len(faults)} faults of {len(counts)} kinds"


def _chosen(dice: random.Random, known: Sequence[Kind], count: int) -> list[Kind]:
    """Return `count` kinds in any order: first each of them once, then by weight."""
    once = dice.sample(known, k=min(count, len(known)))
    more = dice.choices(known, weights=[kind.weight for kind in known], k=count - len(once))
    chosen = once + more
    dice.shuffle(chosen)
    return chosen


def _placed(
    dice: random.Random,
    kind: Kind,
    wanted: float,
    last: float,
    minutes: float,
    placed: Sequence[Fault],
) -> Fault:
    """Return the fault at the free moment nearest to the one wanted."""
    seconds = _lasting(dice, kind, minutes, placed)
    latest = last - seconds
    targets = dice.sample(kind.targets, k=len(kind.targets))
    if seconds == LONG_PAUSE_SECONDS:
        # Without the intake nobody else would have work; it holds no lease either.
        targets.remove("intake")
    for at in _moments(min(wanted, latest), latest):
        for target in targets:
            if _is_free(kind.name, target, at, at + seconds, placed):
                how = _how(dice, kind.name, target)
                return Fault(0, kind.name, target, round(at, 1), round(seconds, 1), how)
    raise ValueError(f"no room for {kind.name} in {last:.0f} s")


def _moments(wanted: float, latest: float) -> Iterator[float]:
    """Yield the moments from the wanted one outwards."""
    steps = int(latest / _STEP_SECONDS) + 1
    for step in range(steps):
        for at in (wanted + step * _STEP_SECONDS, wanted - step * _STEP_SECONDS):
            if WARM_UP_SECONDS <= at <= latest:
                yield at


def _is_free(kind: str, target: str, begin: float, end: float, placed: Sequence[Fault]) -> bool:
    hit = hit_by(kind, target)
    return not any(
        hit & hit_by(other.kind, other.target)
        and begin < other.at + other.seconds + APART_SECONDS
        and other.at < end + APART_SECONDS
        for other in placed
    )


def _lasting(dice: random.Random, kind: Kind, minutes: float, placed: Sequence[Fault]) -> float:
    least, most = kind.seconds
    first = not any(fault.kind == kind.name for fault in placed)
    if kind.name == "pause_service" and first and minutes >= FULL_MINUTES:
        return LONG_PAUSE_SECONDS
    # A short campaign has short faults, or it would see no more than their begin.
    longest = least + (most - least) * min(1.0, minutes / FULL_MINUTES)
    return dice.uniform(least, longest)


def _how(dice: random.Random, kind: str, target: str) -> dict[str, object]:
    match kind:
        case "kill_at_point":
            return {"point": dice.choice(POINTS[service_of(target)])}
        case "clock_skew":
            return {"ahead": dice.choice(SKEWS.get(target, (3600, -3600)))}
        case "delay":
            return {"delay": dice.choice((0.05, 0.2, 1.0))}
        case "throttle":
            return {"bytes": dice.choice((8_000, 32_000))}
        case "gateway_errors" | "gateway_lost_answers" | "gateway_hang_ups":
            return {"share": dice.choice((0.2, 0.5, 1.0))}
        case "gateway_delays":
            # The second one is longer than an effect's call may take.
            return {"share": dice.choice((0.3, 0.7)), "delay": dice.choice((2.0, 30.0))}
        case "duplicate_records":
            return {"records": dice.choice((50, 200))}
        case "shuffled_records":
            return {"records": 200}
        case "restart_storm":
            return {"times": 5}
    return {}
