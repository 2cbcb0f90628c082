"""Starts the notifier: `python -m notifier`."""

from notifier.app import main

main()
