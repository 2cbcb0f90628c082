"""How evenly the provinces were served, by the order in which their dossiers were registered."""

from collections import defaultdict
from collections.abc import Sequence
from itertools import groupby
from statistics import median


def spread(order: Sequence[str]) -> dict[str, float]:
    """Return figures of an order of province codes.

    `provinces`: how many. `spread`: the farthest any province's middle dossier lies from the
    middle of all, 0 when they are served side by side, near 0.5 when one after the other.
    `longest_run`: so many of one province in a row, while another had some left.
    """
    places: defaultdict[str, list[float]] = defaultdict(list)
    for number, province in enumerate(order):
        places[province].append((number + 0.5) / len(order))
    middles = [abs(median(found) - 0.5) for found in places.values()]
    # What is left when all others are done is nobody's turn but its own.
    last = sorted(found[-1] for found in places.values())
    contested = [one for n, one in enumerate(order) if (n + 0.5) / len(order) <= last[-2:][0]]
    runs = [sum(1 for _ in run) for _, run in groupby(contested)]
    return {
        "provinces": len(places),
        "spread": round(max(middles), 3),
        "longest_run": max(runs),
    }
