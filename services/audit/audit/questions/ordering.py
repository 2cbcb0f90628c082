"""In which order a dossier's events happened: by cause, then time; and as they were heard."""

import heapq
from collections import defaultdict
from collections.abc import Iterable, Sequence

from audit.questions.records import Said
from contracts.events import Forwarded, HandedOver, Registered

_SERVICES = ("intake", "routing", "registry-sync", "notifier")
_Rank = tuple[object, ...]


def causal(events: Iterable[Said]) -> list[Said]:
    """Return the events after their causes and after what their service said before, then by time.

    Events of one moment come in the order of the path: intake, one-stop, register, notifier. What
    names itself as its own cause, which no service writes, comes by time at the end.
    """
    events = sorted(events, key=_rank)
    place = {str(one.event.id): number for number, one in enumerate(events)}
    before: dict[int, set[int]] = defaultdict(set)
    last: dict[str, int] = {}
    for number in sorted(range(len(events)), key=lambda n: events[n].event.sequence):
        event = events[number].event
        if event.service in last:
            before[number].add(last[event.service])
        last[event.service] = number
        if (cause := place.get(event.causeid)) is not None and cause != number:
            before[number].add(cause)
    return [events[number] for number in _sorted(len(events), before)]


def _rank(one: Said) -> _Rank:
    event = one.event
    return event.time, _SERVICES.index(event.service), event.sequence, one.place


def _sorted(count: int, before: dict[int, set[int]]) -> list[int]:
    """Return the numbers, each after those before it and else by size; then those in a circle."""
    after: dict[int, list[int]] = defaultdict(list)
    left = {number: len(before[number]) for number in range(count)}
    for number, earlier in before.items():
        for one in earlier:
            after[one].append(number)
    ready = [number for number in range(count) if not left[number]]
    order: list[int] = []
    while ready:
        order.append(number := heapq.heappop(ready))
        for later in after[number]:
            left[later] -= 1
            if not left[later]:
                heapq.heappush(ready, later)
    return order + sorted(set(range(count)) - set(order))


def as_heard(events: Sequence[Said]) -> list[Said]:
    """Return events in causal order as the one-stop took them.

    It hears of a registration some time after the register said it. Whatever else it decided, but
    handing over and sending on, it decided before it knew: afterwards it may not.
    """
    found = next((n for n, one in enumerate(events) if isinstance(one.event.data, Registered)), -1)
    if found < 0:
        return list(events)
    others = [one for number, one in enumerate(events) if number != found]
    earliest, latest = 0, len(others)
    for number, one in enumerate(others):
        if one.event.service != "routing":
            continue
        if not isinstance(one.event.data, HandedOver | Forwarded):
            earliest = number + 1
        if isinstance(one.event.data, HandedOver):
            latest = min(latest, number)
    at = max(min(found, latest), earliest)
    return [*others[:at], events[found], *others[at:]]
