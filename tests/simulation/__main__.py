"""Plays seeds and stops at the first that fails: `python -m tests.simulation --seeds 5000`."""

import argparse
import time
from collections import Counter

from tests.simulation.leaving_out import CLAUSES, play


def main() -> int:
    """Return 1 when a seed fails."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seeds", type=int, default=2000, help="how many")
    parser.add_argument("--first", type=int, default=0, help="where to begin")
    parser.add_argument("--seed", type=int, help="play this one alone")
    parser.add_argument("--trace", action="store_true", help="print every fault and every step")
    parser.add_argument("--without", choices=sorted(CLAUSES), help="leave this clause out")
    told = parser.parse_args()
    if told.seed is not None:
        told.first, told.seeds = told.seed, 1
    started, counts, steps = time.process_time(), Counter[str](), 0
    for seed in range(told.first, told.first + told.seeds):
        world, found = play(seed, told.without, trace=told.trace)
        counts += world.trouble.counts
        steps += world.loop.steps
        if found:
            print(f"seed {seed} fails after {world.loop.steps} steps:")
            print(*(f"  {one}" for one in found), sep="\n")
            return 1
    seconds = time.process_time() - started
    if told.seed is None:
        print(f"{told.seeds} seeds, {told.seeds / seconds:.0f} a second")
    print(f"{steps} steps, nothing wrong")
    print(*(f"  {count:7} {what}" for what, count in sorted(counts.items())), sep="\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
