"""What an overlay comes to: rendered by kubectl or kustomize, whichever is there."""

import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml


class _Loader(yaml.CSafeLoader):
    """Takes no text for a time, as Kubernetes does not."""


_Loader.yaml_implicit_resolvers = {
    first: [one for one in several if one[0] != "tag:yaml.org,2002:timestamp"]
    for first, several in yaml.CSafeLoader.yaml_implicit_resolvers.items()
}


class NotRendered(Exception):
    """A folder is not rendered; the text says why."""


class NoRenderer(NotRendered):
    """Neither kubectl nor kustomize is there."""


def tool(name: str) -> str | None:
    """Return a program of our own packages, else the machine's."""
    return shutil.which(name, path=str(Path(sys.executable).parent)) or shutil.which(name)


def renderer() -> list[str]:
    """Return the command that renders a folder; raises NoRenderer."""
    if found := tool("kubectl"):
        return [found, "kustomize"]
    if found := tool("kustomize"):
        return [found, "build"]
    raise NoRenderer("neither kubectl nor kustomize is there")


def render(folder: Path) -> list[dict[str, Any]]:
    """Return the objects of an overlay; raises NotRendered."""
    done = subprocess.run([*renderer(), str(folder)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise NotRendered(done.stderr.strip())
    return [one for one in yaml.load_all(done.stdout, Loader=_Loader) if one]
