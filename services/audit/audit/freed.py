"""What the process does with memory it no longer needs, where it reads in batches."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import pyarrow as pa

_LARGE = 24 << 20


def keep_freed() -> None:
    """Let the process keep what it frees for the next batch, instead of giving it back each time.

    The C library takes the size of what is given back as a sign of what comes; nothing of this is
    written to. Without it much time goes into getting the same pages again.
    """
    np.empty(_LARGE, np.uint8)


def keep_read() -> None:
    """Let what is read of files come from the C library too, so that `keep_freed` is true of it."""
    pa.set_memory_pool(pa.system_memory_pool())


@contextmanager
def nothing_in_circles() -> Iterator[None]:
    """Let nobody look for what holds itself: for work that makes next to nothing of that kind."""
    was_looking = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_looking:
            gc.enable()
