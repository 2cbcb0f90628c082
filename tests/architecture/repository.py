"""What the repository holds: the files that are tracked or would be."""

import subprocess
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
_NOT_OURS = {".git", ".local", ".venv", "build"}


@cache
def files() -> tuple[Path, ...]:
    """Return every file git tracks or would add; outside a clone, every file that is not made."""
    try:
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            check=True,
            capture_output=True,
        ).stdout.decode()
        found = [ROOT / name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        found = [p for p in ROOT.rglob("*") if not _NOT_OURS & set(p.relative_to(ROOT).parts)]
    return tuple(sorted({path for path in found if path.is_file()}))


def named(suffix: str, *folders: str) -> list[Path]:
    """Return the files of that suffix under the folders, or everywhere."""
    return [
        path
        for path in files()
        if path.suffix == suffix and (not folders or path.relative_to(ROOT).parts[0] in folders)
    ]


def short(path: Path) -> str:
    """Return the path as a person names it."""
    return path.relative_to(ROOT).as_posix()
