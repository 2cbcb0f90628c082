"""Prints which mutants no test sees: `python -m tests.mutation`."""

import sys
import time
from collections import Counter

from tests.mutation.killing import all_tests, first_to_fail, seen_by
from tests.mutation.mutating import mutants_of
from tests.mutation.targets import EQUIVALENT, TARGETS


def main() -> int:
    """Return 1 when a mutant survives, or when one that is called equivalent does not."""
    started, tests = time.monotonic(), all_tests()
    if (failing := first_to_fail(tests)) is not None:
        print(f"without any mutant {failing} fails")
        return 1
    counts, wrong = Counter[str](), []
    for mutant in (one for target in TARGETS for one in mutants_of(target)):
        if any(where in mutant.name and mutant.name.endswith(what) for where, what in EQUIVALENT):
            counts["equivalent"] += 1
            continue
        seen = seen_by(mutant, tests)
        counts["killed" if seen else "survived"] += 1
        if seen is None:
            wrong.append(mutant.name)
        if "-v" in sys.argv:
            print(f"{mutant.name}: {seen}", flush=True)
    print(*(f"survives: {name}" for name in wrong), sep="\n")
    figures = ", ".join(f"{count} {what}" for what, count in sorted(counts.items()))
    print(f"{counts.total()} mutants: {figures}; {time.monotonic() - started:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    raise SystemExit(main())
