"""One world of services for every test of this folder."""

from collections.abc import Iterator
from uuid import uuid4

import pytest

from local_stack.stack import Stack
from tests.security.kit import NO_DATABASES, NOBODY, World, in_a_thread, opening
from tests.unit.pages_kit import KEY

#: What every service is told by the environment.
TOLD = {
    "OIDC_ISSUER": NOBODY,
    "OIDC_AUTHORIZE_URL": f"{NOBODY}/authorize",
    "OIDC_TOKEN_URL": f"{NOBODY}/token",
    "OIDC_CLIENT_ID": "routing-web",
    "OIDC_CLIENT_SECRET": "client-password",
    "PUBLIC_URL": "http://127.0.0.1:1",
    "SESSION_KEY": KEY,
    # Many tests are refused on purpose.
    "HTTP_FAILURES_PER_MINUTE": "100000",
    "HTTP_SIGN_INS_PER_MINUTE": "100000",
    "HTTP_CLIENT_BURST": "100000",
}


@pytest.fixture(scope="session")
def world(servers: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give every service over HTTP, on empty databases; routing with its pages of the desk."""
    names = ("intake", "routing", "registry-sync", "notifier")
    databases = {name: servers.create_database(f"s{uuid4().hex[:12]}") for name in names}
    with pytest.MonkeyPatch.context() as patch:
        for name, value in TOLD.items():
            patch.setenv(name, value)
        with in_a_thread(opening(databases, tmp_path_factory.mktemp("archive"))) as world:
            yield world


@pytest.fixture(scope="session")
def away(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Give every service whose databases are away: who is let in is told so with a 503."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in TOLD.items():
            patch.setenv(name, value)
        with in_a_thread(opening(NO_DATABASES, tmp_path_factory.mktemp("archive"))) as world:
            yield world
