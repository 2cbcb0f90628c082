"""Runs the one-stop."""

from routing.app import main

main()
