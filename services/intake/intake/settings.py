"""What the intake is told by its environment."""

from typing import Annotated

from pydantic import Field

from contracts.model import PortalId
from plumbing.settings import CommonSettings


class IntakeSettings(CommonSettings):
    """`portal_secrets`: the signing secret (`whsec_…`) of each portal on the bus, by its id.

    Each of them needs the topic of its replies.
    """

    portal_secrets: Annotated[dict[PortalId, str], Field(repr=False)]
