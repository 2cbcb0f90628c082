"""The sentences of reports."""

from functools import lru_cache
from importlib.resources import files

from pages.words import Language, Words


@lru_cache(maxsize=1)
def words() -> Words:
    """Return the sentences of reports."""
    return Words.load(files("audit.report") / "words")


def say(language: Language, key: str, /, **places: object) -> str:
    """Return a sentence; raises KeyError for an unknown one."""
    return words().say(language, key, **places)
