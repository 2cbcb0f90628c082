"""Run the sandbox: `python -m sandbox`, told by its environment."""

import logging
import os
import sys

import uvloop

from sandbox.app import run
from sandbox.journal import JournalBroken, JournalDamaged, JournalInUse
from sandbox.settings import SettingsWrong, read_settings


def main() -> None:
    """Run until told to stop; what makes it impossible is one line and an exit code above 0."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    try:
        uvloop.run(run(read_settings(os.environ)))
    except (SettingsWrong, JournalInUse, JournalDamaged, JournalBroken, OSError) as trouble:
        sys.exit(f"sandbox: {trouble}")


main()
