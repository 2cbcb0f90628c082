"""Verifier keys as options of a command: of the log where the log's are asked, else a witness's."""

import typer

from audit.notes import SIGNS, Verifier


def verifier_of(text: str, option: str = "--key", kind: int = SIGNS) -> Verifier:
    """Return the key; one of the other kind, or that is none, ends the command as called wrongly.

    A witness's key holds for no checkpoint and no report, and a log's for no cosignature.
    """
    try:
        verifier = Verifier.parse(text)
    except ValueError as error:
        raise typer.BadParameter(f"{option}: {error}") from None
    if verifier.kind != kind:
        whose = "a witness's key signs" if kind == SIGNS else "a log's key cosigns"
        raise typer.BadParameter(f"{option}: {whose} no checkpoint")
    return verifier
