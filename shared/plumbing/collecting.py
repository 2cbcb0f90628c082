"""How Python looks for cycles of garbage in a process that lives long and works in batches."""

import gc

#: A batch makes tens of thousands of objects that all end with it: looked through once, not often.
NEW_OBJECTS = 50_000


def spare_what_stays() -> None:
    """Leave out all there is now, and look through what is new more seldom than Python would."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(NEW_OBJECTS, 10, 10)
