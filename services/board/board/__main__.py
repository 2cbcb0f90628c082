"""Runs the board."""

from plumbing.starting import start

start("board.app")
