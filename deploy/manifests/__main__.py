"""`python -m deploy.manifests`: write what the manifests have from the code; `--check` it."""

import argparse
import sys
from collections.abc import Sequence

from deploy.manifests import writing


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the files, or with `--check` name those that differ and return 1."""
    parser = argparse.ArgumentParser(prog=writing.COMMAND, description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="write nothing, exit 1 on a difference"
    )
    if not parser.parse_args(arguments).check:
        sys.stdout.writelines(f"written: {name}\n" for name in writing.write())
        return 0
    names = writing.differing()
    sys.stderr.writelines(f"differs: {name}\n" for name in names)
    if names:
        sys.stderr.write(f"Run `{writing.COMMAND}` and commit what it writes.\n")
    return 1 if names else 0


if __name__ == "__main__":
    raise SystemExit(main())
