"""The people who sign in to the stack's pages, and what a service with pages is told."""

import base64
import secrets
from collections.abc import Collection, Mapping
from typing import Any

#: The services with pages, and what their people are asked to be granted there.
WEB = {"routing": "desk:act", "board": "board:read operate"}
MOST_REPLICAS = 9


def people(
    units: Collection[str], provinces: Collection[str], operators: Collection[str]
) -> dict[str, Any]:
    """Return the invented people by id: two officers a unit, the operators, and viewers."""
    made = {
        f"officer-{unit}-{letter}": _person(
            f"Cán bộ Mẫu {letter.upper()} ({unit})", "desk:act", role="officer", unit_code=unit
        )
        for unit in units
        for letter in "ab"
    }
    for number, operator in enumerate(operators, 1):
        name, scope = f"Người vận hành Mẫu {number}", "operate board:read"
        made[operator] = _person(name, scope, role="operator", provinces=["*"])
    made["viewer"] = _person("Người xem Mẫu (Bộ Tư pháp)", "board:read", provinces=["*"])
    for code in provinces:
        made[f"viewer-{code}"] = _person(
            f"Người xem Mẫu (tỉnh {code})", "board:read", provinces=[code]
        )
    return made


def _person(name: str, scope: str, **claims: object) -> dict[str, Any]:
    return {"name": name, "scope": scope, "claims": claims}


def web_clients() -> dict[str, Any]:
    """Return fresh credentials of every service with pages, by the client it is at the issuer."""
    return {
        f"{service}-web": {"secret": secrets.token_urlsafe(24), "scope": scope}
        for service, scope in WEB.items()
    }


def session_keys() -> dict[str, str]:
    """Return a fresh key for the cookies of every service with pages."""
    return {service: base64.b64encode(secrets.token_bytes(32)).decode() for service in WEB}


def web_environment(
    kept: Mapping[str, Any],
    service: str,
    *,
    public_url: str,
    authorize_url: str,
    end_session_url: str,
    token_url: str,
) -> dict[str, str]:
    """Return what a service with pages is told beside the rest; nothing for another service."""
    if service not in WEB:
        return {}
    client = f"{service}-web"
    return {
        "PUBLIC_URL": public_url,
        "OIDC_AUTHORIZE_URL": authorize_url,
        "OIDC_END_SESSION_URL": end_session_url,
        "OIDC_TOKEN_URL": token_url,
        "OIDC_CLIENT_ID": client,
        "OIDC_CLIENT_SECRET": kept["web_clients"][client]["secret"],
        "SESSION_KEY": kept["session_keys"][service],
    }


def redirects(urls: Mapping[str, str]) -> dict[str, list[str]]:
    """Return where the issuer may send people back to: every replica of a service with pages.

    `urls`: by process name, without a slash at the end.
    """
    return {
        f"{service}-web": [
            f"{urls[name]}/"
            for name in (service, *(f"{service}-{n}" for n in range(1, MOST_REPLICAS)))
            if name in urls
        ]
        for service in WEB
    }
