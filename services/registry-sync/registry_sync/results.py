"""What the register says of dossiers in one answer, read dossier by dossier."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from pydantic import ValidationError

from contracts.model import VIETNAM
from registry_sync.book import BookLine, line_of
from registry_sync.pushing import MOMENT
from registry_sync.registration import Outcome, RegisterEntry, RegisterSaid

log = structlog.get_logger()

#: `trangThai` of a dossier the register has; any other means that it was not found there.
HAS = frozenset({"1", "2", "3", "4", "6"})
#: Of those, the ones it does not wait for: 2 is asking for a supplement.
TAKEN_UP = HAS - {"2"}
_OUTCOMES: dict[str, Outcome] = {"2": "supplement", "4": "registered", "6": "refused"}


class RegisterMisspoke(Exception):
    """The register answered something outside its contract."""


@dataclass(frozen=True)
class Results:
    """What a question brought: final words by dossier code, and what was outside the contract.

    `known` are the codes the register has, decided or not. `unasked` are those of which no answer
    came, though others got one.
    """

    said: dict[str, RegisterSaid] = field(default_factory=dict)
    odd: dict[str, str] = field(default_factory=dict)
    known: set[str] = field(default_factory=set)
    unasked: set[str] = field(default_factory=set)

    def add(self, more: "Results") -> None:
        """Take in what another question brought."""
        self.said.update(more.said)
        self.odd.update(more.odd)
        self.known.update(more.known)
        self.unasked.update(more.unasked)


def read_results(values: Sequence[dict[str, Any]]) -> Results:
    """Return what the register says; what is odd about one dossier harms no other.

    Several lines about one dossier have to say the same, but for those that did not find it.
    """
    found = Results()
    by_code: dict[str, list[dict[str, Any]]] = {}
    for value in values:
        code = value.get("maHoSoMCDT")
        if isinstance(code, str):
            by_code.setdefault(code, []).append(value)
        else:
            found.odd[""] = "no_dossier_code"
    for code, lines in by_code.items():
        having = [one for one in lines if status_of(one) in HAS]
        if not having:
            found.odd[code] = "not_a_status"
            continue
        found.known.add(code)
        try:
            word = _one_word(having)
        except RegisterMisspoke as odd:
            found.odd[code] = str(odd)
        else:
            if word is not None:
                found.said[code] = word
    return found


def status_of(value: dict[str, Any]) -> str:
    """Return `trangThai` as text; whatever it is, also none."""
    return str(value.get("trangThai"))


def moment_of(value: dict[str, Any]) -> datetime | None:
    """Return since when the register says so, None when it does not tell."""
    try:
        said = str(value.get("thoiGianThucHien"))
        return datetime.strptime(said, MOMENT).replace(tzinfo=VIETNAM)
    except ValueError:
        return None


def _one_word(lines: Sequence[dict[str, Any]]) -> RegisterSaid | None:
    words = [_word(one) for one in lines]
    first = words[0]
    if any(_meant(one) != _meant(first) for one in words):
        raise RegisterMisspoke("several_answers")
    return first


def _meant(word: RegisterSaid | None) -> tuple[Outcome, RegisterEntry | None] | None:
    return (word.outcome, word.entry) if word is not None else None


def _word(value: dict[str, Any]) -> RegisterSaid | None:
    outcome = _OUTCOMES.get(status_of(value))
    if outcome is None or outcome != "registered":
        return None if outcome is None else RegisterSaid(outcome, at=moment_of(value))
    line = line_of(value.get("ketQuaXuLy"))
    if line is None:
        raise RegisterMisspoke("no_book_line")
    try:
        entry = BookLine.model_validate(line)
    except ValidationError as error:
        fields = ",".join(sorted({str(item["loc"][0]) for item in error.errors()}))
        raise RegisterMisspoke(f"book_line: {fields}") from None
    if entry.personal_number is None and "soDinhDanh" in line:
        log.warning("register_misspoke", reason="no_personal_number")
    return RegisterSaid("registered", RegisterEntry(**entry.model_dump()), at=moment_of(value))
