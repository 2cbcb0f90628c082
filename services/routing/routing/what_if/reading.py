"""Reads what the shapes of events say."""

import re
from functools import lru_cache

from contracts.told import Shape
from contracts.usual import DECLARED

_PROCEDURE = re.compile(rb'"procedure_code":"([^"]+)","actor":"')


@lru_cache(maxsize=4096)
def declared(submission: Shape) -> tuple[str, tuple[str, ...]]:
    """Return the procedure of submissions, and their kinds of paper, each once and in order."""
    words = submission.text.decode().split(" ")
    return words[DECLARED.index("procedure")], tuple(sorted(set(words[len(DECLARED) :])))


@lru_cache(maxsize=4096)
def procedure(reception: Shape) -> str:
    """Return the procedure of receptions."""
    found = _PROCEDURE.search(reception.text)
    assert found is not None
    return found[1].decode()
