"""The stack's command line; the Makefile is its usual caller."""

import os
import sys
import time
from pathlib import Path
from typing import Annotated

import typer

from local_stack.as_of import stack_name
from local_stack.errors import StackFailed

app = typer.Typer(add_completion=False, no_args_is_help=True, pretty_exceptions_enable=False)
Service = Annotated[str, typer.Option(envvar="SERVICE", help="one component only")]
ROOT = Path.cwd()


@app.command()
def up() -> None:
    """Start the stack and leave it running."""
    from local_stack.stack import Stack, tell
    from local_stack.status import lines
    from local_stack.table import pages

    began = time.monotonic()
    stack = Stack(ROOT, stack_name(), stay=True, join=True)
    tell("Starting Kafka, PostgreSQL, the services and the sandbox ...")
    stack.start()
    seconds = time.monotonic() - began
    tell("It runs already." if stack.joined else f"Up after {seconds:.1f} s.")
    current = stack.status()
    print("\n".join([*lines(current), *pages(current.urls)]))


@app.command()
def down() -> None:
    """Stop the stack; its data stay."""
    from local_stack.stack import Stack, tell

    began = time.monotonic()
    Stack(ROOT, stack_name()).stop()
    tell(f"Everything is stopped after {time.monotonic() - began:.1f} s.")


@app.command()
def status(format_: Annotated[str, typer.Option("--format", envvar="FORMAT")] = "text") -> None:
    """Show what runs; FORMAT=json prints one document. Exits 1 when nothing runs."""
    from local_stack import status as known
    from local_stack.places import Place
    from local_stack.table import pages

    current = known.current(Place(ROOT, stack_name()))
    shown = [*known.lines(current), *pages(current.urls)]
    print(current.as_json() if format_ == "json" else "\n".join(shown))
    raise typer.Exit(0 if current.running else 1)


@app.command()
def logs(
    service: Service = "", follow: Annotated[bool, typer.Option(envvar="FOLLOW")] = False
) -> None:
    """Show the last log lines, of all components or of SERVICE; FOLLOW=1 goes on."""
    folder = ROOT / ".local" / stack_name() / "logs"
    files = sorted(str(file) for file in folder.glob(f"{service or '*'}.log"))
    if not files:
        raise StackFailed(service or "logs", f"no log in {folder}", advice="`make up` first")
    command = ["tail", "-n", "20", *(["-F"] if follow else []), *files]
    os.execvp("tail", command)


@app.command()
def stop(service: Service) -> None:
    """Stop one service of the running stack; what it misses waits for it."""
    from local_stack.stack import Stack

    Stack(ROOT, stack_name()).stop_component(service)


@app.command()
def start(service: Service) -> None:
    """Start one service that was stopped; returns when it is ready."""
    from local_stack.stack import Stack

    stack = Stack(ROOT, stack_name())
    stack.start_component(service)
    stack.await_component(service)


@app.command()
def run(once: Annotated[bool, typer.Option(envvar="ONCE")] = False) -> None:
    """Start everything, send the sample dossiers and show them until the end."""
    from local_stack.run import main as run_main

    raise typer.Exit(run_main(once) or 0)


@app.command()
def samples() -> None:
    """Send the sample dossiers to the running stack and wait for their end."""
    from local_stack.samples import main as samples_main

    raise typer.Exit(samples_main() or 0)


@app.command()
def whatif(day: Annotated[str, typer.Option(envvar="DAY")] = "2027-03-01") -> None:
    """Print what the law of another day would change for the sample dossiers."""
    from local_stack.whatif import main as whatif_main

    whatif_main(day)


@app.command()
def replay(once: Annotated[bool, typer.Option(envvar="ONCE")] = False) -> None:
    """Let the seven provinces move from October 2021 to March 2022 on invented days."""
    from local_stack.replay import main as replay_main

    raise typer.Exit(replay_main(once) or 0)


@app.command()
def secrets() -> None:
    """Write the secrets of the Docker stack into .local/compose."""
    from local_stack import compose

    print(compose.write(ROOT))


@app.command()
def clean() -> None:
    """Stop every stack of this clone and remove their data."""
    from local_stack.stack import Stack

    for folder in (ROOT / ".local").glob("*/secrets.json"):
        Stack(ROOT, folder.parent.name).clean()


def main() -> None:
    """Run a command; a failure of the stack is told in words, not as a traceback."""
    try:
        app()
    except StackFailed as failure:
        print(f"\n{failure}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)


if __name__ == "__main__":
    main()
