"""What the intake is told by its environment."""

from plumbing.settings import CommonSettings


class IntakeSettings(CommonSettings):
    """`portal_secrets`: the signing secret (`whsec_…`) of each portal on the bus, by its id."""

    portal_secrets: dict[str, str]
