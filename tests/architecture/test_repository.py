"""Rules about files: their length, their numbers, their names, and what no file may hold."""

import re
import tomllib
from collections import defaultdict
from pathlib import Path

import pytest

from tests.architecture.repository import ROOT, files, named, short

MOST_LINES = 250
SERVICES = sorted(path.parent for path in ROOT.glob("services/*/pyproject.toml"))
# Put together, so that this file does not hold them itself.
HOSTS = [
    ".".join(parts)
    for parts in (
        ("pypi", "org"),
        ("files", "pythonhosted", "org"),
        ("repo1", "maven", "org"),
        ("repo", "maven", "apache", "org"),
        ("central", "sonatype", "com"),
        ("registry", "npmjs", "org"),
        ("proxy", "golang", "org"),
    )
]
MACHINE_PATHS = ["/" + "/".join(parts) + "/" for parts in (("work", "main"), ("root",))]
MACHINE_PATHS += ["/" + "work/shared", "/" + "tmp/spec"]


@pytest.mark.parametrize("path", named(".py", "shared", "services", "deploy"), ids=short)
def test_a_module_is_not_longer_than_250_lines(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) <= MOST_LINES


def test_the_sql_files_of_a_folder_are_numbered_from_one_without_a_gap() -> None:
    numbers: dict[str, list[int]] = defaultdict(list)
    for path in named(".sql"):
        number, separator, name = path.stem.partition("_")
        assert (len(number), separator) == (4, "_"), short(path)
        assert name, short(path)
        numbers[short(path.parent)].append(int(number))

    assert "shared/plumbing/migrations" in numbers
    for folder, found in numbers.items():
        assert sorted(found) == list(range(1, len(found) + 1)), folder


def test_both_readmes_name_the_same_targets_of_make() -> None:
    targets = re.findall(r"(?m)^([a-z-]+):.*## ", (ROOT / "Makefile").read_text("utf-8"))
    told = [
        {name for name in targets if f"`{name}`" in (ROOT / readme).read_text("utf-8")}
        for readme in ("README.md", "README.vi.md")
    ]

    assert told[0] == told[1] > {"desk"}


@pytest.mark.parametrize("word", [*HOSTS, *MACHINE_PATHS])
def test_no_file_names_a_package_host_or_a_place_on_one_machine(word: str) -> None:
    holding = [
        short(path) for path in files() if word in path.read_bytes().decode("utf-8", "replace")
    ]

    assert holding == []


def test_there_are_four_services_the_board_over_them_and_the_audit_beside() -> None:
    names = [path.name for path in SERVICES]

    assert names == ["audit", "board", "intake", "notifier", "registry-sync", "routing"]


@pytest.mark.parametrize("folder", SERVICES, ids=lambda folder: folder.name)
def test_a_service_is_a_distribution_named_for_its_folder(folder: Path) -> None:
    project = tomllib.loads((folder / "pyproject.toml").read_text("utf-8"))
    package = folder.name.replace("-", "_")

    assert project["project"]["name"] == f"hotich-{folder.name}"
    assert project["project"]["license"] == "Apache-2.0"
    assert project["project"]["description"]
    assert "hotich-shared" in project["project"]["dependencies"]
    assert project["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"] == [package]
    assert (folder / package / "py.typed").is_file()


def test_every_distribution_is_a_member_of_the_workspace() -> None:
    root = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    members = {
        tomllib.loads(path.read_text("utf-8"))["project"]["name"]
        for path in files()
        if path.name == "pyproject.toml" and path.parent != ROOT
    }

    assert set(root["tool"]["uv"]["sources"]) == members
    assert members <= {one.partition("[")[0] for one in root["project"]["dependencies"]}


def test_a_decision_has_a_number_of_its_own_and_every_part() -> None:
    decisions = sorted(ROOT.glob("docs/decisions/*.md"))

    numbers = [path.name.partition("-")[0] for path in decisions]
    assert len(set(numbers)) == len(numbers) > 0
    for path in decisions:
        assert re.fullmatch(r"[0-9]{4}(-[a-z0-9]+)+\.md", path.name)
        text = path.read_text("utf-8")
        for part in ("Status", "Context", "Decision", "Consequences", "Alternatives"):
            assert part in text, f"{path.name}: {part}"
