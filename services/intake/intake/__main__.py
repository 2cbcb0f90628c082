"""`python -m intake`."""

from plumbing.starting import start

start("intake.app")
