"""The Dockerfile, read: which stage is made from which, and what it takes from the tree."""

import re
import shlex
from dataclasses import dataclass, field
from pathlib import Path

PATH = Path(__file__).parents[1] / "containers" / "Dockerfile"


@dataclass
class Stage:
    """One `FROM … AS …` with the instructions below it, in order."""

    name: str
    base: str
    steps: list[tuple[str, str]] = field(default_factory=list)

    def all(self, instruction: str) -> list[str]:
        """Return what follows each instruction of that name."""
        return [rest for name, rest in self.steps if name == instruction]


def stages(text: str | None = None) -> dict[str, Stage]:
    """Return the stages by name, in order; raises ValueError for one without a name."""
    if text is None:
        text = PATH.read_text("utf-8")
    made: dict[str, Stage] = {}
    now: Stage | None = None
    for name, rest in _instructions(text):
        if name == "FROM":
            base, _, stage = rest.partition(" AS ")
            if not stage:
                raise ValueError(f"FROM {rest} has no name")
            now = made[stage] = Stage(stage, base)
        elif now is not None:
            now.steps.append((name, rest))
    return made


def _instructions(text: str) -> list[tuple[str, str]]:
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    joined = re.sub(r"\\\n\s*", " ", "\n".join(lines))
    return [
        (found[1], found[2].strip())
        for line in joined.splitlines()
        if (found := re.match(r"([A-Z]+)\s+(.*)", line))
    ]


def lineage(found: dict[str, Stage], name: str) -> list[Stage]:
    """Return a stage and those it is made from, the first one first."""
    made: list[Stage] = []
    while name in found:
        made.insert(0, found[name])
        name = found[name].base
    return made


def targets(found: dict[str, Stage]) -> list[str]:
    """Return the stages that are images: those that start something."""
    return [name for name, stage in found.items() if stage.all("ENTRYPOINT")]


def built_in(found: dict[str, Stage], target: str) -> str:
    """Return the stage a target takes its `/app` from; raises ValueError if there are others."""
    copies = found[target].all("COPY")
    taken = [re.fullmatch(r"--from=(\S+) /app /app", rest) for rest in copies]
    if len(taken) != 1 or taken[0] is None:
        raise ValueError(f"{target} takes {copies}")
    return taken[0][1]


def sources(found: dict[str, Stage], target: str) -> list[str]:
    """Return the paths of the tree that come into the image's building."""
    return [
        path
        for stage in lineage(found, built_in(found, target))
        for rest in stage.all("COPY")
        for path in rest.split()[:-1]
    ]


def installs(found: dict[str, Stage], target: str) -> list[list[str]]:
    """Return what is given to the installer, call by call."""
    return [
        shlex.split(call.removeprefix("$INSTALL "))
        for stage in lineage(found, built_in(found, target))
        for rest in stage.all("RUN")
        for call in rest.split(" && ")
        if call.startswith("$INSTALL ")
    ]
