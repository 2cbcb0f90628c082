"""A file for one person's eyes: it can be written before what goes into it is asked for."""

import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from errno import EISDIR
from pathlib import Path

from console.failing import Failed


@contextmanager
def private_file(path: Path) -> Iterator[Callable[[str], None]]:
    """Give what writes the text of a file that its owner alone may read, whole or not at all.

    Raises Failed at once where no such file can be, and whatever was there stays until the end.
    """
    with _in_words(path):
        if path.is_dir():
            raise OSError(EISDIR, os.strerror(EISDIR))
        handle, name = tempfile.mkstemp(dir=path.absolute().parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:

            def write(text: str) -> None:
                with _in_words(path):
                    file.write(text)
                    file.flush()
                    os.replace(name, path)

            yield write
    finally:
        Path(name).unlink(missing_ok=True)


@contextmanager
def _in_words(path: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise Failed(f"{path.name} could not be written: {error.strerror or error}") from None
