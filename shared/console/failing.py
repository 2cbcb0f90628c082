"""How a command fails: in words, for the person at the terminal."""


class Failed(Exception):
    """A command could not do what was asked; the text says what and what to do."""
