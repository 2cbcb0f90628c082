"""Rules about the documents: the tests, files and targets they name are there."""

import ast
import re
from functools import cache
from pathlib import Path

import pytest

from tests.architecture.repository import ROOT, named, short

README = ROOT / "README.md"
GUARANTEES = ROOT / "docs" / "guarantees.md"
DOCUMENTS = [README, *named(".md", "docs")]


def test_every_test_a_guarantee_names_exists() -> None:
    text = GUARANTEES.read_text("utf-8")
    by_path = set(re.findall(r"`([\w/]+\.py)::(test_\w+)", text))
    by_name = set(re.findall(r"`(test_\w+)[`\[]", text))

    assert len(by_path) > 100
    assert [f"{path}::{name}" for path, name in by_path if name not in names_in(path)] == []
    assert by_name - {name for _, name in by_path} - all_tests() == set()


def test_every_guarantee_names_a_test_that_was_seen_to_fail() -> None:
    rows = [row for row in GUARANTEES.read_text("utf-8").splitlines() if row.startswith("| ")]
    promises = [row for row in rows if not row.startswith("| promise |")]

    assert len(promises) > 30
    for row in promises:
        promise, mechanism, tests, broken = row.strip("| ").split(" | ")
        assert promise
        assert mechanism
        assert "::test_" in tests, promise
        assert "`test_" in broken, promise


@pytest.mark.parametrize("document", DOCUMENTS, ids=short)
def test_every_relative_link_leads_somewhere(document: Path) -> None:
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(document)):
        if "://" in link:
            continue
        name, _, heading = link.partition("#")
        target = document.parent / name if name else document

        assert target.exists(), link
        assert not heading or heading in anchors(target), link


def test_every_target_the_readme_names_is_in_the_makefile() -> None:
    text = README.read_text("utf-8")
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    called = set(re.findall(r"`make ([a-z]+)", text))
    (listed,) = re.findall(r"^`make` alone lists the other targets: (.*)$", text, re.MULTILINE)

    assert {"run", "test"} <= called
    assert called | set(re.findall(r"`([a-z]+)`", listed)) <= targets


@cache
def names_in(path: str) -> frozenset[str]:
    """Return the names of the tests in a file below `tests/`; none if there is no such file."""
    file = ROOT / "tests" / path
    if not file.is_file():
        return frozenset()
    functions = (ast.FunctionDef, ast.AsyncFunctionDef)
    tree = ast.parse(file.read_text("utf-8"))
    return frozenset(node.name for node in ast.walk(tree) if isinstance(node, functions))


def all_tests() -> set[str]:
    """Return the names of all tests there are."""
    paths = (path.relative_to(ROOT / "tests").as_posix() for path in named(".py", "tests"))
    return {name for path in paths for name in names_in(path)}


def prose(document: Path) -> str:
    """Return the document without its blocks and spans of code."""
    return re.sub(r"```.*?```|`[^`\n]*`", "", document.read_text("utf-8"), flags=re.DOTALL)


def anchors(document: Path) -> set[str]:
    """Return the anchors of a document's headings, as readers of Markdown make them."""
    headings = re.findall(r"^#+ (.+)$", document.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}
