"""Runs the one-stop."""

from plumbing.starting import start

start("routing.app")
