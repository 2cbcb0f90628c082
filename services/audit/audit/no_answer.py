"""Why a question to an archive has no answer, in words: something is short, or the program errs."""

import errno
from tempfile import gettempdir

import duckdb

#: What a query of ours may end with.
TROUBLES = (duckdb.Error, OSError)
_SHORT = (errno.ENOSPC, errno.EDQUOT, errno.ENOMEM)


def why_no_answer(error: duckdb.Error | OSError) -> str:
    """Return the sentence for a person; of a fault of ours it has the database's own first line."""
    name = type(error).__name__
    if isinstance(error, OSError) and error.errno not in _SHORT:
        about = f"{error.filename}: " if error.filename else ""
        return f"no answer: {about}{error.strerror or name}"
    if isinstance(error, OSError | duckdb.OutOfMemoryException | duckdb.IOException):
        return f"no answer: memory, or the disk of {gettempdir()}, is short ({name})"
    said = (str(error).splitlines() or [name])[0]
    return f"no answer, by a fault of this program and not of the archive: {said}"
