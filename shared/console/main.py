"""Gathers the commands of every installed part under one name."""

import sys
from importlib.metadata import entry_points

import typer

from console.failing import Failed

GROUP = "hotich.commands"


def build() -> typer.Typer:
    """Return `hotich` with the commands that installed parts announce in `hotich.commands`."""
    app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

    @app.callback()
    def hotich() -> None:
        """Civil-status dossiers: the law as dated data, and the move of the provinces."""

    for found in sorted(entry_points(group=GROUP), key=lambda one: one.name):
        app.add_typer(found.load(), name=found.name)
    return app


def main() -> None:
    """Run a command; what fails is told in words, with exit code 1."""
    try:
        build()()
    except Failed as failure:
        typer.echo(f"hotich: {failure}", err=True)
        sys.exit(1)
