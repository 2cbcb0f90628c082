"""Where the system's Chromium is; pages are looked at in no other browser.

`python -m tests.browser.chromium` says it aloud when there is none: it ends a run of all tests.
"""

import os
import shutil
import sys

NAMES = ("chromium", "chromium-browser", "google-chrome")
HOW_TO_GET_IT = "apt-get install chromium, or CHROMIUM=/path/to/chromium"
#: With HOTICH_BROWSER=required a test without a browser fails instead of being left out.
REQUIRED = os.environ.get("HOTICH_BROWSER") == "required"


def find() -> str | None:
    """Return the path of the browser, None where there is none."""
    named = os.environ.get("CHROMIUM", "")
    if named:
        return named if os.access(named, os.X_OK) else None
    found = (shutil.which(name) for name in NAMES)
    return next((path for path in found if path), None)


def why_not() -> str | None:
    """Return why no page can be looked at, None when one can."""
    try:
        import axe_playwright_python  # noqa: F401
        import playwright  # noqa: F401
    except ModuleNotFoundError as missing:
        return f"no Python package {missing.name}; get it by: make browser"
    return None if find() else f"no Chromium; get it by: {HOW_TO_GET_IT}"


def warning(reason: str) -> str:
    """Return the sentence that a run without a browser ends with."""
    return f"the browser tests did not run: {reason}"


def root() -> bool:
    """Return whether we are root, for whom the browser has no sandbox of its own."""
    return os.geteuid() == 0


if __name__ == "__main__":
    if reason := why_not():
        print(f"WARNING: {warning(reason)}", file=sys.stderr)
