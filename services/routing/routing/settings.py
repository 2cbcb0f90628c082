"""What the one-stop is told by its environment."""

from typing import Annotated, Literal

from pydantic import Field, SecretStr

from plumbing.settings import CommonSettings


class RoutingSettings(CommonSettings):
    """`officer_units`: unit codes, comma separated, whose officers receive by hand.

    `sweep_seconds`: how often it is looked for what time has brought about, `board_seconds`:
    how often facts are moved into the counters of the board. `oidc_client_id`: whom people sign
    in with; without one there are no pages of the desk.
    `public_url`: where browsers reach the service, without a path. `trusted_proxies`: networks,
    comma separated, whose word about the client's address is believed. `receipt_keys`: what
    receipts are signed with; without them none are given.
    """

    reception: Literal["automatic", "officer"] = "automatic"
    officer_units: str = ""
    sweep_seconds: Annotated[float, Field(gt=0, le=3600)] = 30
    oidc_client_id: str = ""
    board_seconds: Annotated[float, Field(gt=0, le=3600)] = 2
    public_url: str = ""
    trusted_proxies: str = ""
    receipt_keys: SecretStr = SecretStr("")

    def by_officer(self, unit_code: str) -> bool:
        """Return whether that unit's officers receive; a machine does otherwise."""
        return self.reception == "officer" or unit_code in self.officer_units.split(",")
