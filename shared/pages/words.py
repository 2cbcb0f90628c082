"""Sentences for people by key, in Vietnamese and in English."""

import tomllib
from collections.abc import Iterator, Mapping
from importlib.resources.abc import Traversable
from pathlib import Path
from string import Formatter
from typing import Any, Literal, TypeAlias, get_args

from markupsafe import Markup, escape

Language: TypeAlias = Literal["vi", "en"]
LANGUAGES: tuple[Language, ...] = get_args(Language)


class BadWords(Exception):
    """A file of words cannot be used; the text names the key at fault."""


class Words:
    """Sentences by key in two languages, from TOML files: `[key] vi = "…" en = "…"`.

    A table within a table has a key with a dot: `[list.empty]` is said as `list.empty`.
    `{name}` is a place that is filled when the sentence is said; both languages have the same.
    """

    def __init__(self, sentences: Mapping[str, Mapping[Language, str]]) -> None:
        self._sentences = dict(sentences)

    @classmethod
    def load(cls, *folders: Traversable | Path) -> "Words":
        """Return the words of every `*.toml` in the folders.

        Raises BadWords for a key that is there twice, that lacks a language, or whose languages
        have different places.
        """
        found: dict[str, Mapping[Language, str]] = {}
        for folder in folders:
            for key, sentence in _in_folder(folder):
                if key in found:
                    raise BadWords(f"{key} is there twice")
                found[key] = sentence
        return cls(found)

    def __contains__(self, key: object) -> bool:
        """Return whether there is a sentence of that key."""
        return key in self._sentences

    def keys(self) -> frozenset[str]:
        """Return every key there is."""
        return frozenset(self._sentences)

    def say(self, language: Language, key: str, /, **places: object) -> str:
        """Return the sentence as plain text; raises KeyError for an unknown key or place."""
        return self._sentences[key][language].format_map(places)

    def markup(self, language: Language, key: str, /, **places: object) -> Markup:
        """Return the sentence for HTML: it and its places escaped, but a place that is Markup.

        Raises KeyError for an unknown key or place.
        """
        return Markup(escape(self._sentences[key][language])).format_map(places)


def _in_folder(folder: Traversable | Path) -> Iterator[tuple[str, Mapping[Language, str]]]:
    for file in sorted(folder.iterdir(), key=lambda one: one.name):
        if file.name.endswith(".toml"):
            yield from _sentences(tomllib.loads(file.read_text(encoding="utf-8")), "")


def _sentences(table: Mapping[str, Any], key: str) -> Iterator[tuple[str, Mapping[Language, str]]]:
    said = {name: text for name, text in table.items() if isinstance(text, str)}
    if said or not table:
        if set(said) != set(LANGUAGES) or not all(text.strip() for text in said.values()):
            raise BadWords(f"{key} is not said in each of {', '.join(LANGUAGES)} and no other")
        if _places(key, said["vi"]) != _places(key, said["en"]):
            raise BadWords(f"{key} has not the same places in both languages")
        yield key, {language: said[language] for language in LANGUAGES}
    for name, inner in table.items():
        if isinstance(inner, Mapping):
            yield from _sentences(inner, f"{key}.{name}" if key else name)
        elif not isinstance(inner, str):
            raise BadWords(f"{key}.{name} is neither a sentence nor a table")


def _places(key: str, sentence: str) -> set[str]:
    try:
        places = [place for _, place, _, _ in Formatter().parse(sentence) if place is not None]
    except ValueError:
        raise BadWords(f"{key} has a brace that opens or closes nothing") from None
    if not all(place.isidentifier() for place in places):
        raise BadWords(f"{key} has a place that is not a name")
    return set(places)
