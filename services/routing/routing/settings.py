"""What the one-stop is told by its environment."""

from typing import Literal

from plumbing.settings import CommonSettings


class RoutingSettings(CommonSettings):
    """`officer_units`: unit codes, comma separated, whose officers receive by hand."""

    reception: Literal["automatic", "officer"] = "automatic"
    officer_units: str = ""

    def by_officer(self, unit_code: str) -> bool:
        """Return whether that unit's officers receive; a machine does otherwise."""
        return self.reception == "officer" or unit_code in self.officer_units.split(",")
