"""What is personal in a document: names, phones, addresses and numbers of people, file names."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import Any

_ENDINGS = ("name", "personal_number", "phone", "email")


def personal_values(document: Any) -> frozenset[str]:
    """Return every personal value of a document of a portal; those under six letters are not."""
    return frozenset(value for value in _personal(document) if len(value) >= 6)


def _personal(document: Any) -> Iterator[str]:
    if isinstance(document, list):
        for one in document:
            yield from _personal(one)
    elif isinstance(document, dict):
        for name, value in document.items():
            if isinstance(value, str) and name.endswith(_ENDINGS):
                yield value
            else:
                yield from _personal(value)


_WORD = re.compile(r"\w+")
_DIGITS = re.compile(r"\d{9,}")
_ESCAPED = re.compile(r"\\u([0-9a-fA-F]{4})")


class Search:
    """Finds any of many personal values in a line, however they are escaped or capitalised.

    A value is looked for where its first word stands; numbers and phones inside other words too.
    """

    def __init__(self, values: Iterable[str]) -> None:
        self._by_word: defaultdict[str, list[str]] = defaultdict(list)
        self._numbers: set[str] = set()
        for value in map(str.casefold, values):
            if word := _WORD.search(value):
                self._by_word[word[0]].append(value)
            number = value.removeprefix("+")
            if number.isdigit() and len(number) >= 9:
                self._numbers |= (
                    {number, number.replace("84", "0", 1)} if "+" in value else {number}
                )
        self._lengths = sorted({len(number) for number in self._numbers})

    def finds(self, line: str) -> bool:
        """Return whether the line holds one of the values."""
        if "\\u" in line:
            line = _ESCAPED.sub(lambda match: chr(int(match[1], 16)), line)
        line = line.casefold()
        for word in self._by_word.keys() & set(_WORD.findall(line)):
            if any(value in line for value in self._by_word[word]):
                return True
        return any(map(self._holds_number, _DIGITS.findall(line)))

    def _holds_number(self, digits: str) -> bool:
        return any(
            digits[at : at + length] in self._numbers
            for length in self._lengths
            for at in range(len(digits) - length + 1)
        )
