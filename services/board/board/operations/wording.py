"""Codes in words: what has a sentence is said by it, anything else stays the code it is."""

from collections.abc import Mapping
from dataclasses import dataclass

from pages.words import Language, Words


@dataclass(frozen=True)
class Wording:
    """The words of a page in one language."""

    words: Words
    language: Language

    def __call__(self, sort: str, code: str) -> str:
        """Return the sentence of the code of that sort: `say("kind", "parked")`."""
        key = f"{sort}.{code}"
        return self.words.say(self.language, key) if key in self.words else code

    def outcome(self, code: str) -> str:
        """Return what came of an act, which may name a detail: `fails: ZeroDivisionError`."""
        name, mark, detail = code.partition(": ")
        told = self("outcome", name)
        return f"{told}: {detail}" if mark else told

    def places(self, places: Mapping[str, object]) -> dict[str, object]:
        """Return what fills a finding's sentence, its codes in words."""
        sorts = {"call": "call", "reason": "health"}
        return {
            name: self(sorts[name], str(value)) if name in sorts else value
            for name, value in places.items()
        }

    def has(self, sort: str, code: str) -> bool:
        """Return whether there is a sentence for it."""
        return f"{sort}.{code}" in self.words
