"""The sentences of reports."""

from functools import lru_cache
from importlib.resources import files

from audit.findings import Finding
from pages.words import Language, Words


@lru_cache(maxsize=1)
def words() -> Words:
    """Return the sentences of reports."""
    return Words.load(files("audit.report") / "words")


def say(language: Language, key: str, /, **places: object) -> str:
    """Return a sentence; raises KeyError for an unknown one."""
    return words().say(language, key, **places)


def finding_in_words(finding: Finding, language: Language) -> str:
    """Return the sentence a kind of finding has, and in brackets what the check itself said."""
    return f"{say(language, f'found.{finding.kind}')} ({finding.text})"
