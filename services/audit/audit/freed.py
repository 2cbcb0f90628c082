"""What the process does with memory it no longer needs, where it reads in batches."""

import numpy as np

_LARGE = 24 << 20


def keep_freed() -> None:
    """Let the process keep what it frees for the next batch, instead of giving it back each time.

    The C library takes the size of what is given back as a sign of what comes; nothing of this is
    written to. Without it much time goes into getting the same pages again.
    """
    np.empty(_LARGE, np.uint8)
