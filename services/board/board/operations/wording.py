"""Codes in words: what has a sentence is said by it, anything else stays the code it is."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from board.operations.spans import clock
from pages.words import Language, Words

#: Facts that are codes of ours.
_CODED: Final = frozenset({"state", "begun", "may_have_happened", "cause"})


@dataclass(frozen=True)
class Wording:
    """The words of a page in one language."""

    words: Words
    language: Language

    def __call__(self, sort: str, code: str) -> str:
        """Return the sentence of the code of that sort: `say("kind", "parked")`."""
        key = f"{sort}.{code}"
        if key in self.words:
            return self.words.say(self.language, key)
        if sort == "call" and code.startswith("sms-"):
            return self.words.say(self.language, "call.gateway", gateway=code)
        return code

    def outcome(self, code: str) -> str:
        """Return what came of an act, which may name a detail: `fails: ZeroDivisionError`."""
        name, mark, detail = code.partition(": ")
        told = self("outcome", name)
        return f"{told}: {detail}" if mark else told

    def places(self, places: Mapping[str, object]) -> dict[str, object]:
        """Return what fills a finding's sentence, its codes in words."""
        sorts = {"call": "call", "reason": "health", "neighbour": "neighbour"}
        return {
            name: self(sorts[name], str(value)) if name in sorts else value
            for name, value in places.items()
        }

    def fact(self, name: str, value: str) -> str:
        """Return a fact of a stuck thing: moments in Vietnam's time, codes and yes or no in words.

        Names, hashes and numbers stay as they are.
        """
        if name.endswith("_at"):
            return _moment(value)
        code = value.lower()
        return self("fact_is", code) if name in _CODED and self.has("fact_is", code) else value

    def has(self, sort: str, code: str) -> bool:
        """Return whether there is a sentence for it."""
        return f"{sort}.{code}" in self.words


def _moment(value: str) -> str:
    try:
        return clock(datetime.fromisoformat(value))
    except ValueError:
        return value
