"""Nobody opens sealed personal data but through what writes it down."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.architecture.repository import ROOT, named, short

OPENING = "shared/plumbing/accesses/opening.py"
#: What opens and is no personal data of a dossier, with the reason.
OTHERS = {
    "services/notifier/notifier/feed.py": "a portal's cursor: a place and a moment",
    "shared/pages/cookies.py": "a browser's own session",
}
#: Who opens what was written down before, and where that is.
WRITTEN_BEFORE = {
    "shared/plumbing/claiming.py": "with the claim",
    "shared/plumbing/stuck/letters.py": "stuck/letters.py, stuck/reading.py, before the act",
}
#: Methods of a cipher or a ring, and how their arguments look; files are opened in other ways.
CIPHERS = ("decrypt", "AESGCM")
RING = "shared/plumbing/sealing.py"


def opens(tree: ast.AST) -> Iterator[int]:
    """Yield the lines that open sealed bytes, or hand on what does.

    A ring's `open` takes two values, neither of them a mode or flags of a file.
    """
    called = {id(node.func): node for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name | ast.Attribute):
            name = node.attr if isinstance(node, ast.Attribute) else node.id
            if name in CIPHERS:
                yield node.lineno
        if not isinstance(node, ast.Attribute) or node.attr != "open":
            continue
        of, call = ast.unparse(node.value), called.get(id(node))
        given = [] if call is None else [*call.args, *(one.value for one in call.keywords)]
        sealed = any("seal" in ast.unparse(one).lower() for one in given)
        ring = "key" in of.lower() or "ring" in of.lower()
        values = len(given) == 2 and not any(isinstance(one, ast.Constant) for one in given)
        if ring or sealed or (values and of not in ("os", "access")):
            yield node.lineno


def sources() -> list[Path]:
    return list(named(".py", "shared", "services"))


@pytest.mark.parametrize("path", sources(), ids=short)
def test_sealed_personal_data_are_opened_by_the_helper_that_writes_it_down(path: Path) -> None:
    name, text = short(path), path.read_text("utf-8")
    if name in (OPENING, RING) or name in OTHERS:
        return
    if not any(word in text for word in (*CIPHERS, "open")):
        return
    tree = ast.parse(text)

    through = [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and ast.unparse(node.func) == "access.open"
    ]
    assert [line for line in opens(tree) if line not in through] == []
    names = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name)}
    assert "open_written" not in names or name in WRITTEN_BEFORE


def test_the_exceptions_are_there_and_open_something() -> None:
    for name in (OPENING, *OTHERS):
        assert list(opens(ast.parse((ROOT / name).read_text("utf-8")))), name
    for name in WRITTEN_BEFORE:
        assert "open_written(" in (ROOT / name).read_text("utf-8"), name


@pytest.mark.parametrize(
    "code",
    [
        'keys.open(Sealed.unpack(row["sealed"]), kept_purpose(dossier_id))',
        "self._keys.open(sealed, purpose)",
        "ring.open(sealed, purpose=purpose)",
        "them.open(packed, bound_to)",
        "opener = self.running.keys.open",
        "AESGCM(key).decrypt(nonce, ciphertext, b'')",
    ],
)
def test_a_way_around_the_helper_is_seen(code: str) -> None:
    assert list(opens(ast.parse(code)))


@pytest.mark.parametrize(
    "code",
    ['path.open("w", encoding="utf-8")', "os.open(folder, os.O_RDONLY)", "await detour.open()"],
)
def test_a_file_is_no_secret(code: str) -> None:
    assert not list(opens(ast.parse(code)))
