"""What registry-sync is told by its environment."""

from pydantic import SecretStr

from plumbing.settings import CommonSettings


class RegistrySyncSettings(CommonSettings):
    """Where the register is and who we are there."""

    register_url: str
    register_username: str
    register_password: SecretStr
