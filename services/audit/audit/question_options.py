"""Options that several commands have: the language, and a unit and a province as answers know them.

A code that is in no edition of the reference data is a mistake, not an answer.
"""

from collections.abc import Callable
from typing import Annotated, Literal

import typer


def _known(what: Literal["unit", "province"]) -> Callable[[str], str]:
    def known_code(code: str) -> str:
        from audit.questions.saying import known

        table = known().units if what == "unit" else known().provinces
        if code and table.last(code) is None:
            raise typer.BadParameter(f"the reference data know no {what} {code!r}")
        return code

    return known_code


Language = Annotated[Literal["vi", "en"], typer.Option(help="In which language to tell.")]
Unit = Annotated[str, typer.Option(help="Only this unit, by its code.", callback=_known("unit"))]
Province = Annotated[
    str, typer.Option(help="Only this province, by its code.", callback=_known("province"))
]
