"""The pages of the provinces: how far each is on its way to the portals, and how it works."""

from board.provinces.pages import add_to

__all__ = ["add_to"]
