"""What the notifier is told by its environment: the gateway, the mail server, the portals."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, EmailStr, SecretStr, StringConstraints
from pydantic_core import PydanticCustomError
from standardwebhooks import Webhook

from contracts.model import PortalId
from plumbing.settings import CommonSettings


def _signing(secret: SecretStr) -> SecretStr:
    try:
        Webhook(secret.get_secret_value())
    except Exception:  # the library names no base class, and its texts must not be passed on
        raise PydanticCustomError("webhook_secret", "not a Standard Webhooks secret") from None
    return secret


HttpAddress = Annotated[str, StringConstraints(pattern=r"^https?://[^\s@]+$")]


class PortalAddress(BaseModel):
    """Where a portal takes callbacks, and the secret they are signed with.

    `dossiers_url` is where it tells what it knows of its dossiers; without one nothing is compared.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: HttpAddress
    dossiers_url: HttpAddress | None = None
    secret: Annotated[SecretStr, AfterValidator(_signing)]


class Settings(CommonSettings):
    """The common settings and the addresses of those who carry messages."""

    sms_url: HttpAddress
    sms_token: SecretStr
    smtp_host: str
    smtp_port: int
    mail_from: EmailStr
    portals: dict[PortalId, PortalAddress]
