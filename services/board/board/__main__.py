"""Runs the board."""

from board.app import main

main()
