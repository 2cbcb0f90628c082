"""What the notifier is told by its environment: the gateway, the mail server, the portals."""

import re
from typing import Annotated, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    EmailStr,
    Field,
    SecretStr,
    StringConstraints,
    model_validator,
)
from pydantic_core import PydanticCustomError
from standardwebhooks import Webhook

from contracts.model import PortalId
from notifier.guarded import networks_of
from notifier.quiet import read_quiet
from plumbing.settings import CommonSettings


def _signing(secret: SecretStr) -> SecretStr:
    try:
        Webhook(secret.get_secret_value())
    except Exception:  # the library names no base class, and its texts must not be passed on
        raise PydanticCustomError("webhook_secret", "not a Standard Webhooks secret") from None
    return secret


def _networks(text: str) -> str:
    try:
        networks_of(text)
    except ValueError:
        raise PydanticCustomError("networks", "not a list of networks") from None
    return text


def _hours(text: str) -> str:
    try:
        read_quiet(text)
    except ValueError:
        raise PydanticCustomError("quiet_hours", "not like 21:00-07:00") from None
    return text


def _digests(text: str) -> str:
    if any(not re.fullmatch(r"[0-9a-f]{64}", one) for one in listed(text)):
        raise PydanticCustomError("trial_recipients", "not hashes, comma separated")
    return text


def listed(text: str) -> frozenset[str]:
    """Return what stands between the commas."""
    return frozenset(filter(None, map(str.strip, text.split(","))))


HttpAddress = Annotated[str, StringConstraints(pattern=r"^https?://[^\s@]+$")]


class SyncAddress(BaseModel):
    """Where a portal takes the National Portal's sync calls (`/auth`, `/api`), and as whom."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: HttpAddress
    username: str
    password: SecretStr
    madonvi: str


class PortalAddress(BaseModel):
    """Where a portal takes callbacks, and the secret they are signed with.

    `dossiers_url` is where it tells what it knows of its dossiers; without one nothing is compared.
    `sync`: it is told by the National Portal's own calls too.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    url: HttpAddress
    dossiers_url: HttpAddress | None = None
    secret: Annotated[SecretStr, AfterValidator(_signing)]
    sync: SyncAddress | None = None


class SmsAddress(BaseModel):
    """A gateway for SMS: its name here, its weight beside the others; 0 takes nothing new."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    name: Annotated[str, StringConstraints(pattern=r"^sms(-[a-z0-9]{1,16})?$")]
    url: HttpAddress
    token: SecretStr
    weight: Annotated[int, Field(ge=0, le=1000)] = 1


def _of_different_names(gateways: tuple[SmsAddress, ...]) -> tuple[SmsAddress, ...]:
    if len({one.name for one in gateways}) < len(gateways):
        raise PydanticCustomError("sms_gateways", "two gateways of one name")
    if not any(one.weight for one in gateways):
        raise PydanticCustomError("sms_gateways", "no gateway takes anything new")
    return gateways


class Settings(CommonSettings):
    """The common settings and the addresses of those who carry messages.

    Portals are reached at public addresses, and in `portal_networks` (`10.1.0.0/16,…`).
    """

    #: The first one also answers for what was asked for when there was only one.
    sms_gateways: Annotated[
        tuple[SmsAddress, ...], Field(min_length=1), AfterValidator(_of_different_names)
    ]
    #: When no SMS goes out, in Vietnam's time; empty for never.
    quiet_hours: Annotated[str, AfterValidator(_hours)] = "21:00-07:00"
    #: What one part of an SMS costs and the caps of a day, in đồng; without a cap none is counted.
    sms_price: Annotated[int, Field(ge=0)] = 0
    sms_cap_dossier: Annotated[int, Field(ge=0)] | None = None
    sms_cap_province: Annotated[int, Field(ge=0)] | None = None
    #: SHA-256 of the phones and mail addresses that are written to, comma separated; None for all.
    trial_recipients: Annotated[str, AfterValidator(_digests)] | None = None
    smtp_host: str
    smtp_port: int
    mail_from: EmailStr
    portals: dict[PortalId, PortalAddress]
    portal_networks: Annotated[str, AfterValidator(_networks)] = ""
    #: How long portals can read back in their feed.
    feed_days: Annotated[int, Field(ge=1)] = 90

    @model_validator(mode="after")
    def _capped_by_a_price(self) -> Self:
        """Refuse a cap that nothing would ever be counted against."""
        is_capped = self.sms_cap_dossier is not None or self.sms_cap_province is not None
        if is_capped and not self.sms_price:
            raise PydanticCustomError("sms_price", "a cap needs the price of a part")
        return self
