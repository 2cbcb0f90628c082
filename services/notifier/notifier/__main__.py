"""Starts the notifier: `python -m notifier`."""

from plumbing.starting import start

start("notifier.app")
