"""The people of the sandbox, and the web applications they may sign in to."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Person:
    """An invented person: what they are called, what they may do, what is said of them."""

    name: str
    scope: str
    claims: Mapping[str, Any]

    def granted(self, asked: str, allowed: str) -> str:
        """Return what this person is granted of what is asked and the application may have."""
        scopes = set(self.scope.split()) & set(allowed.split())
        return " ".join(one for one in asked.split() if one in scopes)


@dataclass(frozen=True, slots=True)
class WebClient:
    """A web application: its secret, what it may ask for, and where people are sent back to.

    Each of `redirects` ends in a slash, so that it is a beginning of addresses of one host.
    """

    secret: str
    scope: str
    redirects: tuple[str, ...]

    def takes(self, redirect_uri: str) -> bool:
        """Return whether people may be sent there."""
        plain = "#" not in redirect_uri and redirect_uri.isascii() and redirect_uri.isprintable()
        return plain and any(redirect_uri.startswith(prefix) for prefix in self.redirects)


def read_people(document: Mapping[str, Any]) -> dict[str, Person]:
    """Return the people of a secrets document; nobody in one from before there were any."""
    return {
        person: Person(one["name"], one["scope"], one.get("claims", {}))
        for person, one in document.get("people", {}).items()
    }


def read_web_clients(
    document: Mapping[str, Any], redirects: Mapping[str, tuple[str, ...]]
) -> dict[str, WebClient]:
    """Return the web applications of a secrets document, with where each may send people."""
    return {
        client: WebClient(one["secret"], one["scope"], redirects.get(client, ()))
        for client, one in document.get("web_clients", {}).items()
    }
