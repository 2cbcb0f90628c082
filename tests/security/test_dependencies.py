"""What we ship of others: under licences we may ship, and an audit that says when it was none."""

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from deploy.manifests.closure import Package, locked, shipped
from tests.dependencies.advisories import CLEAN, FOUND, KNOWN_BAD, NOT_AUDITED, main

#: Each part of what a package says of its licence is one of these.
ALLOWED = re.compile(
    r"(apache(-| license| software license)?(,? version)?[ -]?(2(\.0)?)?|mit( license)?|mit-0|isc"
    r"( license \(iscl\))?|bsd( license)?|(0|2|3)-clause bsd( license)?|bsd-(2|3)-clause|psf-2\.0"
    r"|(python software foundation|psf) license|python-2\.0(\.1)?|mpl-2\.0|unlicense|cc0-1\.0"
    r"|mozilla public license 2\.0 \(mpl 2\.0\)|zlib|0bsd|the unlicense \(unlicense\)"
    r"|bsd-3-clause-open-mpi|bsl-1\.0|apache 2\.0 license|new bsd( license)?|hpnd)",
    re.IGNORECASE,
)
FORBIDDEN = re.compile(r"\bA?L?GPL|GNU |SSPL|BUSL|Elastic|Commons Clause|non-?commercial", re.I)
SHIPPED = shipped()


def trouble(package: Package) -> str | None:
    """Return why a package may not be shipped, None when it may."""
    if not package.licences:
        return "says nothing of its licence"
    for text in package.licences:
        choices = [_bare(one) for one in re.split(r"\bOR\b", text)]
        if not any(_may(choice) for choice in choices):
            return text
    return None


def _bare(text: str) -> str:
    text = text.strip()
    return text[1:-1].strip() if text.startswith("(") and text.endswith(")") else text


def _may(choice: str) -> bool:
    parts = [_bare(one) for one in re.split(r"\bAND\b", choice)]
    return not FORBIDDEN.search(choice) and all(ALLOWED.fullmatch(one) for one in parts)


def test_everything_we_ship_is_under_a_licence_we_may_ship() -> None:
    assert len(SHIPPED) > 20
    assert {one.name: trouble(one) for one in SHIPPED if trouble(one)} == {}


def test_everything_we_ship_is_locked_in_that_version() -> None:
    lock = locked()

    assert {one.name: one.version for one in SHIPPED if lock.get(one.name) != one.version} == {}


@pytest.mark.parametrize(
    ("licences", "may"),
    [
        (("MIT",), True),
        (("Apache-2.0 OR GPL-3.0-only",), True),
        (("MIT AND Apache-2.0",), True),
        (("MIT AND GPL-3.0-or-later",), False),
        (("GNU General Public License v3 (GPLv3)",), False),
        (("GNU Affero General Public License v3",), False),
        (("AGPL-3.0-only",), False),
        (("SSPL-1.0",), False),
        (("BUSL-1.1",), False),
        (("Proprietary",), False),
        ((), False),
    ],
)
def test_a_licence_is_judged_by_every_part_of_it(licences: tuple[str, ...], may: bool) -> None:
    assert (trouble(Package("x", "1", licences)) is None) == may


# --- the audit


Answer = Callable[[list[dict[str, Any]]], Any]


@contextmanager
def a_database(answer: Answer) -> Iterator[str]:
    """Serve a database of advisories meanwhile, and give its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            said = answer(json.loads(body)["queries"])
            self.send_response(200 if said is not None else 500)
            self.end_headers()
            self.wfile.write(json.dumps(said).encode())

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join(10)


def known(*names: str) -> Answer:
    """Return a database that knows something of these packages and of the one known to be bad."""

    def answer(queries: list[dict[str, Any]]) -> Any:
        bad = {*names}
        return {
            "results": [
                {"vulns": [{"id": "X-1"}]}
                if one["package"]["name"] in bad
                or (one["package"]["name"], one["version"]) == KNOWN_BAD
                else {}
                for one in queries
            ]
        }

    return answer


def paged(queries: list[dict[str, Any]]) -> Any:
    """Answer that something is known, but only on the second page."""
    first = {"next_page_token": "2"}
    second = {"vulns": [{"id": "X-1"}]}
    return {"results": [second if "page_token" in one else first for one in queries]}


@pytest.fixture
def lock(tmp_path: Path) -> Path:
    path = tmp_path / "requirements.lock"
    path.write_text("aiohttp==3.14.5 \\\n    --hash=sha256:00\njinja2==3.1.6\n")
    return path


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (known(), CLEAN),
        (known("aiohttp"), FOUND),
        (paged, FOUND),
        (lambda _: None, NOT_AUDITED),
        (lambda _: {}, NOT_AUDITED),
        (lambda _: {"results": [5]}, NOT_AUDITED),
        (lambda _: [], NOT_AUDITED),
        (lambda queries: {"results": [{"vulns": [{}]}] * len(queries)}, NOT_AUDITED),
        (lambda queries: {"results": [{"vulns": [5]}] * len(queries)}, NOT_AUDITED),
        (lambda queries: {"results": [{}] * len(queries)}, NOT_AUDITED),
        (lambda queries: {"results": [{"vulns": [{"id": "X"}]}]}, NOT_AUDITED),
        (lambda queries: {"results": [{"next_page_token": "x"}] * len(queries)}, NOT_AUDITED),
    ],
    ids=[
        *("clean", "found", "second page", "broken", "empty", "odd", "a list", "nameless"),
        *("numbers", "dumb", "short", "endless"),
    ],
)
def test_an_audit_says_clean_only_when_every_package_was_answered_for(
    answer: Answer, code: int, lock: Path
) -> None:
    with a_database(answer) as url:
        assert main(["--url", url, "--lock", str(lock)]) == code


def test_an_audit_of_nothing_or_of_nobody_is_none(lock: Path, tmp_path: Path) -> None:
    empty = tmp_path / "empty.lock"
    empty.write_text("# nothing\n")

    with a_database(known()) as url:
        assert main(["--url", url, "--lock", str(empty)]) == NOT_AUDITED
        assert main(["--url", url, "--lock", str(tmp_path / "none")]) == NOT_AUDITED
    assert main(["--url", "http://127.0.0.1:9/", "--lock", str(lock)]) == NOT_AUDITED
