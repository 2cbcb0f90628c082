"""Starts a service without what only a person at a terminal needs."""

import importlib
import sys


def start(app: str) -> None:
    """Import that module of a service and run its `main`."""
    # structlog takes rich wherever it is installed, to paint tracebacks: 4 MB in every process,
    # of which none paints any.
    sys.modules["rich"] = None  # type: ignore[assignment]
    importlib.import_module(app).main()
