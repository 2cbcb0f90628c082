"""`python -m tests.catalogue [--check]`: write both pages, or fail when they are not as written."""

import sys
from pathlib import Path

from tests.catalogue import log_page, metric_page

ROOT = Path(__file__).parents[2]


def main() -> int:
    """Write the pages, or with `--check` compare them; return 0 when all is as it should be."""
    check = sys.argv[1:] == ["--check"]
    problems = [*metric_page.problems(), *log_page.problems()]
    pages = {"docs/metrics.md": metric_page.page(), "docs/log-events.md": log_page.page()}
    for name, text in pages.items():
        path = ROOT / name
        if not check:
            path.write_text(text, "utf-8")
        elif not path.exists() or path.read_text("utf-8") != text:
            problems.append(f"{name} is not what the code says: run python -m tests.catalogue")
    for problem in problems:
        print(problem, file=sys.stderr)
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
