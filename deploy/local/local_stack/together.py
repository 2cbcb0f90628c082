"""Runs a few pieces of work at the same time and gives up as soon as one fails."""

import queue
import threading
from collections.abc import Callable


def together(*works: Callable[[], None]) -> None:
    """Run all to their end; raises the first failure at once, without waiting for the others.

    The threads are daemons, so that Ctrl-C never waits for a download.
    """
    outcomes: queue.Queue[BaseException | None] = queue.Queue()

    def run(work: Callable[[], None]) -> None:
        try:
            work()
        except BaseException as error:
            outcomes.put(error)
        else:
            outcomes.put(None)

    for work in works:
        threading.Thread(target=run, args=(work,), daemon=True).start()
    for _ in works:
        if failure := outcomes.get():
            raise failure
