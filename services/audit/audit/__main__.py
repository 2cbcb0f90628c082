"""Runs the audit."""

from plumbing.starting import start

start("audit.app")
