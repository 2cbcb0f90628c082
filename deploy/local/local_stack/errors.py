"""What can go wrong with the local stack, named for the fact."""

from pathlib import Path

LAST_LINES = 20


class StackFailed(Exception):
    """The stack cannot run: says which component, why, what it logged last, what to do."""

    def __init__(
        self, component: str, reason: str, *, advice: str = "", log: Path | None = None
    ) -> None:
        super().__init__(component, reason, advice)
        self.component = component
        self.reason = reason
        self.advice = advice
        self.log = log
        # Read at once: the file may be gone by the time somebody prints this.
        self.last_lines = last_lines(log) if log else []

    def __str__(self) -> str:
        parts = [f"{self.component}: {self.reason}"]
        if self.last_lines:
            parts.append(f"Last lines of {self.log}:")
            parts += [f"    {line}" for line in self.last_lines]
        if self.advice:
            parts.append(f"What to do: {self.advice}")
        return "\n".join(parts)


class AlreadyRunning(StackFailed):
    """Another process of this clone holds the stack of that name."""


class DatabaseAway(StackFailed):
    """PostgreSQL does not take connections, or not yet."""


class JarTampered(StackFailed):
    """A jar differs from the hash that is committed beside the code."""


def last_lines(log: Path, count: int = LAST_LINES) -> list[str]:
    """Return the last lines of a log, oldest first; empty when there is no such file."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 65536))
            text = file.read().decode(errors="replace")
    except FileNotFoundError:
        return []
    return text.splitlines()[-count:]
