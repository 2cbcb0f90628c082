"""What is below a folder, and how the names in it are made lasting."""

import os
from pathlib import Path


def files_below(folder: Path) -> list[Path]:
    """Return the files and links below a folder, sorted; none of one that is not there.

    Raises OSError for a folder that cannot be listed, which is never taken for an empty one.
    """
    found: list[Path] = []
    for here, folders, names in os.walk(folder, onerror=_refuse):
        links = [name for name in folders if Path(here, name).is_symlink()]
        found += [Path(here, name) for name in (*names, *links)]
    return sorted(found)


def is_within(path: Path, folder: Path) -> bool:
    """Return whether a path lies in a folder, or is it, wherever links lead."""
    return path.resolve().is_relative_to(folder.resolve())


def _refuse(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def keep_names(folder: Path, root: Path) -> None:
    """Make the names in a folder, and of the folders on the way to the root, outlast a crash."""
    while True:
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        if folder == root:
            return
        folder = folder.parent
