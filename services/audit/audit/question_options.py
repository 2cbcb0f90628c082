"""Options that several commands have: the language, a topic, a dossier, a unit and a province.

A code that is in no edition of the reference data is a mistake, not an answer.
"""

import re
from collections.abc import Callable
from typing import Annotated, Literal

import typer

from contracts.topics import ARCHIVED

_ID = re.compile(r"^[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}$")


def _known(what: Literal["unit", "province"]) -> Callable[[str], str]:
    def known_code(code: str) -> str:
        from audit.questions.saying import known

        table = known().units if what == "unit" else known().provinces
        if code and table.last(code) is None:
            raise typer.BadParameter(f"the reference data know no {what} {code!r}")
        return code

    return known_code


def archived(topic: str) -> str:
    """Return the name of a topic that is archived; any other ends the command as called wrongly."""
    known = {one.name for one in ARCHIVED}
    if topic not in known:
        raise typer.BadParameter(f"--topic: {topic} is none of {', '.join(sorted(known))}")
    return topic


def wanted_dossier(text: str) -> str:
    """Return the code or the id of a dossier as it is written in the log, however it was typed."""
    text = text.strip()
    return text.lower() if _ID.match(text) else text.upper()


Language = Annotated[Literal["vi", "en"], typer.Option(help="In which language to tell.")]
Unit = Annotated[str, typer.Option(help="Only this unit, by its code.", callback=_known("unit"))]
Province = Annotated[
    str, typer.Option(help="Only this province, by its code.", callback=_known("province"))
]
