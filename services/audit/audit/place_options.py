"""A unit and a province as options of a command: a code nobody has is a mistake, not an answer."""

from typing import Annotated

import typer


def _a_unit(code: str) -> str:
    from audit.questions.saying import known

    if code and known().units.last(code) is None:
        raise typer.BadParameter(f"the reference data know no unit {code!r}")
    return code


def _a_province(code: str) -> str:
    from audit.questions.saying import known

    if code and known().provinces.last(code) is None:
        raise typer.BadParameter(f"the reference data know no province {code!r}")
    return code


#: Ends the command as called wrongly for a code that is in no edition of the reference data.
Unit = Annotated[str, typer.Option(help="Only this unit, by its code.", callback=_a_unit)]
Province = Annotated[
    str, typer.Option(help="Only this province, by its code.", callback=_a_province)
]
