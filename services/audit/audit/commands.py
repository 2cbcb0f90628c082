"""`hotich audit …`: what auditors ask of an archive, gathered from the parts that answer."""

import typer

from audit import (
    proof_commands,
    question_commands,
    replay_commands,
    report_commands,
    verify_commands,
)

app = typer.Typer(no_args_is_help=True, help="The archive of the log: proofs, questions, reports.")


@app.callback()
def audit() -> None:
    """Ask an archive of the log, also a copied one without any network."""


for _part in (
    verify_commands,
    proof_commands,
    question_commands,
    report_commands,
    replay_commands,
):
    _part.add_to(app)
