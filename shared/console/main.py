"""Gathers the commands of every installed part under one name."""

import sys
from importlib.metadata import entry_points

import typer

from console.failing import Failed

GROUP = "hotich.commands"


def build(only: str = "") -> typer.Typer:
    """Return `hotich` with the commands that installed parts announce in `hotich.commands`.

    Where `only` is one of them, nothing else is loaded: some parts are slow to.
    """
    app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

    @app.callback()
    def hotich() -> None:
        """Civil-status dossiers: law, move, what waits, comparison, audit, rebuilding, access."""

    found = sorted(entry_points(group=GROUP), key=lambda one: one.name)
    for part in [one for one in found if one.name == only] or found:
        app.add_typer(part.load(), name=part.name)
    return app


def main() -> None:
    """Run a command; what fails is told in words, with exit code 1; interrupted it is 130."""
    try:
        build(sys.argv[1] if len(sys.argv) > 1 else "")()
    except Failed as failure:
        typer.echo(f"hotich: {failure}", err=True)
        sys.exit(1)
    except KeyboardInterrupt:  # also while commands load
        sys.exit(130)
