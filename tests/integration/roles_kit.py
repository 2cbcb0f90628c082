"""A role that owns nothing, as a service runs as, beside the owner of a database."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

from local_stack import postgres
from local_stack.stack import Stack


@contextmanager
def a_role(servers: Stack) -> Iterator[tuple[str, str]]:
    """Give a role that owns nothing, and its password; nobody can use it afterwards."""
    name, password = f"r{secrets.token_hex(6)}", secrets.token_hex(16)
    server = servers.status().database_server
    postgres.run_sql(server, f"CREATE ROLE {name} LOGIN PASSWORD '{password}';")
    yield name, password
    postgres.run_sql(server, f"ALTER ROLE {name} NOLOGIN;")


def as_role(url: str, role: tuple[str, str]) -> str:
    """Return the same database's address for another role."""
    parts = urlsplit(url)
    at = f"{role[0]}:{role[1]}@{parts.hostname}:{parts.port}"
    return urlunsplit(parts._replace(netloc=at))
