"""The sentences of reports and checks."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from importlib.resources import files

from audit.findings import Finding
from audit.keys import moment as as_signed
from audit.questions.saying import moment
from pages.words import Language, Words


@lru_cache(maxsize=1)
def words() -> Words:
    """Return the sentences of reports."""
    return Words.load(files("audit.report") / "words")


def say(language: Language, key: str, /, **places: object) -> str:
    """Return a sentence; raises KeyError for an unknown one."""
    return words().say(language, key, **places)


@dataclass(frozen=True)
class Said:
    """A sentence by its key and what belongs in its places: said in a language later."""

    key: str
    places: Mapping[str, object] = field(default_factory=dict)

    def within(self, language: Language) -> str:
        """Return the sentence; a moment in it is Vietnam's, in English as a checkpoint has it."""
        places = {name: _shown(one, language) for name, one in self.places.items()}
        return say(language, self.key, **places)


def finding_in_words(finding: Finding, language: Language) -> str:
    """Return the sentence a kind of finding has, and in brackets what the check itself said."""
    return f"{say(language, f'found.{finding.kind}')} ({finding.text})"


def finding_told(finding: Finding, language: Language) -> str:
    """Return what is said of a finding beside its kind: in English the check's own words alone."""
    return finding.text if language == "en" else finding_in_words(finding, language)


def _shown(place: object, language: Language) -> object:
    if not isinstance(place, datetime):
        return place
    return moment(place) if language == "vi" else as_signed(place)
