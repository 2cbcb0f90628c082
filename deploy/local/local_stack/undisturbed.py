"""Stopping goes on to its end, however often somebody presses Ctrl-C."""

import contextlib
import signal
import threading
from collections.abc import Iterator

from local_stack.jars import Report

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextlib.contextmanager
def undisturbed(report: Report) -> Iterator[None]:
    """Answer signals that would end us with a sentence, for the length of the block.

    Only the main thread gets signals; in any other the block runs as it is.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def tell(signum: int, frame: object) -> None:
        report("Stopping ... (it ends by itself within a minute)")

    before = {number: signal.signal(number, tell) for number in SIGNALS}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
