"""What the one-stop is told by its environment."""

from typing import Annotated, Literal

from pydantic import Field

from plumbing.settings import CommonSettings


class RoutingSettings(CommonSettings):
    """`officer_units`: unit codes, comma separated, whose officers receive by hand.

    `sweep_seconds`: how often it is looked for what time has brought about.
    """

    reception: Literal["automatic", "officer"] = "automatic"
    officer_units: str = ""
    sweep_seconds: Annotated[float, Field(gt=0, le=3600)] = 30

    def by_officer(self, unit_code: str) -> bool:
        """Return whether that unit's officers receive; a machine does otherwise."""
        return self.reception == "officer" or unit_code in self.officer_units.split(",")
