"""`make run`: everything from nothing, the samples on their way, and a clean end."""

import contextlib
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from rich.console import Console
from rich.live import Live

from local_stack import table
from local_stack.as_of import stack_name
from local_stack.samples import Watch, outcome
from local_stack.stack import Stack
from local_stack.status import Status
from local_stack.tracks import Track


def main(once: bool) -> int:
    """Start the stack, run the samples, and with `once` end by itself; return the exit code."""
    root = Path.cwd()
    console = Console()
    began = time.monotonic()
    interruptible()
    with Stack(root, stack_name(), join=True) as stack:
        status = stack.status()
        if stack.joined:
            console.print("A stack runs already: this run uses it and will leave it running.")
        else:
            console.print(f"Up after {time.monotonic() - began:.1f} s.")
        quiet = once or not sys.stdout.isatty()
        watching = _quiet(console) if quiet else _live(console, status)
        code = outcome(console, root, status, watching)
        console.print(f"{time.monotonic() - began:.1f} s in all.")
        if not once and code == 0:
            stay(console, status, joined=stack.joined)
    return code


def interruptible() -> None:
    """Let `kill` and a closed terminal stop everything, as Ctrl-C does."""
    for name in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(name, _interrupt)


def _interrupt(signum: int, frame: object) -> None:
    raise KeyboardInterrupt


@contextlib.contextmanager
def _quiet(console: Console) -> Iterator[Watch]:
    last_ended, last_at = -1, 0.0

    def watch(tracks: Sequence[Track], events: int) -> None:
        nonlocal last_ended, last_at
        ended = sum(track.ended for track in tracks)
        if ended != last_ended and time.monotonic() - last_at > 1:
            last_ended, last_at = ended, time.monotonic()
            console.print(f"{ended} of {len(tracks)} dossiers at their end, {events} events")

    yield watch


@contextlib.contextmanager
def _live(console: Console, status: Status) -> Iterator[Watch]:
    """Show what fits the terminal while they move, and every row once at the end."""
    shown: tuple[Sequence[Track], int] = ((), 0)
    with Live(console=console, auto_refresh=False, transient=True) as view:

        def watch(tracks: Sequence[Track], events: int) -> None:
            nonlocal shown
            shown = tracks, events
            fitting = table.fitting(tracks, console.height - len(status.urls) - 6)
            view.update(table.live(fitting, tracks, status.urls, events), refresh=True)

        yield watch
    console.print(table.live(shown[0], shown[0], status.urls, shown[1]))


def stay(console: Console, status: Status, *, joined: bool) -> None:
    """Say where everything is and return at Ctrl-C."""
    for name, url in status.urls.items():
        console.print(f"{name:<14} {url}")
    for line in table.pages(status.urls):
        console.print(line)
    ends = "Ctrl-C ends this; the stack goes on running, `make down` stops it."
    console.print(ends if joined else "Ctrl-C stops everything.")
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()
    if not joined:
        console.print("Stopping ...")
