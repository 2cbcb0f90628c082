"""Runs the audit."""

from audit.app import main

main()
