"""Rules about code: what rules may use, which topics there are, which metrics there are."""

import ast
import re
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

from contracts import topics
from contracts.asyncapi import READS
from contracts.topics import CHANNELS, LIFECYCLE
from plumbing.logs import KNOWN_KEYS
from tests.architecture.repository import ROOT, named, short

DOMAINS = [
    path
    for path in named(".py", "services")
    if path.name == "domain.py" or path.parent.name == "domain"
]
# Of the standard library, what reads a clock, rolls dice or reaches outside.
IMPURE = set(
    """
    asyncio concurrent ctypes http io logging multiprocessing os pathlib random secrets select
    shutil signal smtplib socket sqlite3 ssl subprocess sys tempfile threading time urllib
    """.split()  # noqa: SIM905
)
CLOCKS = {"now", "utcnow", "today", "monotonic", "uuid1", "uuid4", "open", "print", "input"}
TOPIC = re.compile(r"(?:portal|dossier|access|audit)\.[a-z]+(?:\.\{portal\})?\.v[0-9]+")
METRICS = ROOT / "shared" / "plumbing" / "metrics.py"
#: Label names whose values come from closed sets: services, topics, kinds and states of ours.
CLOSED_LABELS = {"service", "topic", "outcome", "state", "kind"} | {
    *("route", "version", "province", "road")
}


def imported(tree: ast.AST) -> set[str]:
    """Return the full names of the modules a file imports."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            names.add("." * node.level + (node.module or ""))
    return names


@pytest.mark.parametrize("path", DOMAINS, ids=short)
def test_rules_import_contracts_reference_and_what_is_pure_of_the_standard_library(
    path: Path,
) -> None:
    package = path.relative_to(ROOT).parts[2]
    allowed = {"contracts", "reference", *(sys.stdlib_module_names - IMPURE)}

    for name in imported(ast.parse(path.read_text("utf-8"))):
        first = name.partition(".")[0]
        own = name == f"{package}.domain" or name.startswith(f"{package}.domain.")
        assert first in allowed or own or _is_pure_neighbour(name, package), name


def _is_pure_neighbour(name: str, package: str) -> bool:
    """Return whether a module of the same service keeps the same rule."""
    path = next(iter(ROOT.glob(f"services/*/{name.replace('.', '/')}.py")), None)
    if not name.startswith(f"{package}.") or path is None:
        return False
    tree = ast.parse(path.read_text("utf-8"))
    allowed = {"contracts", "reference", "pydantic", *(sys.stdlib_module_names - IMPURE)}
    return {one.partition(".")[0] for one in imported(tree)} <= allowed | {package}


@pytest.mark.parametrize("path", DOMAINS, ids=short)
def test_rules_read_no_clock_and_roll_no_dice(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Call):
            called = node.func
            name = called.attr if isinstance(called, ast.Attribute) else getattr(called, "id", "")
            assert name not in CLOCKS, f"{name} in line {node.lineno}"


def test_every_service_has_rules() -> None:
    with_rules = {path.relative_to(ROOT).parts[1] for path in DOMAINS}

    assert with_rules == {"intake", "notifier", "registry-sync", "routing"}


@cache
def texts(path: Path) -> frozenset[str]:
    """Return the string constants of a module, its docstrings left out."""
    tree = ast.parse(path.read_text("utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, documented) and node.body and isinstance(node.body[0], ast.Expr)
    }
    return frozenset(
        node.value
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and id(node) not in docstrings
    )


def test_the_topics_in_code_are_the_topics_of_the_asyncapi_document() -> None:
    document = yaml.safe_load((ROOT / "shared/contracts/asyncapi.yaml").read_text("utf-8"))
    documented = {channel["address"] for channel in document["channels"].values()}
    in_code = {
        text
        for path in named(".py", "shared", "services", "deploy")
        for text in texts(path)
        if TOPIC.fullmatch(text)
    }

    assert documented == {topic.name for topic in CHANNELS}
    assert in_code == documented


def test_a_service_names_no_topic_itself() -> None:
    for path in named(".py", "services"):
        named_here = {text for text in texts(path) if TOPIC.fullmatch(text)}
        assert named_here == set(), short(path)


def log_calls(path: Path) -> list[ast.Call]:
    """Return the calls of the module's `log`."""
    text = path.read_text("utf-8")
    if not re.search(r"\blog\b", text):
        return []
    return [
        node
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "log"
    ]


def test_a_log_line_is_a_constant_event_and_known_facts() -> None:
    calls = [
        (short(path), call)
        for path in named(".py", "shared", "services")
        for call in log_calls(path)
    ]

    assert len(calls) > 20
    for place, call in calls:
        (event,) = call.args
        assert isinstance(event, ast.Constant), f"{place}:{call.lineno}"
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,63}", event.value), f"{place}:{call.lineno}"
        keys = {keyword.arg for keyword in call.keywords if keyword.arg}
        assert keys <= KNOWN_KEYS, f"{place}:{call.lineno}: {keys - KNOWN_KEYS}"


def inlets(path: Path) -> set[str]:
    """Return the topics of the `inlets` a service assembles: `SUBMISSIONS`, `LIFECYCLE["x"]`."""
    (literal,) = [
        node.value
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.keyword) and node.arg == "inlets"
    ]
    assert isinstance(literal, ast.Dict), "inlets are written as a dict, topic by topic"
    named_here = [ast.unparse(key) for key in literal.keys if key is not None]
    return {
        LIFECYCLE[ast.literal_eval(name[10:-1])].name
        if name.startswith("LIFECYCLE[")
        else getattr(topics, name).name
        for name in named_here
    }


@pytest.mark.parametrize("service", READS)
def test_a_service_reads_what_the_asyncapi_document_says(service: str) -> None:
    path = ROOT / "services" / service / service.replace("-", "_") / "app.py"

    assert inlets(path) == {topic.name for topic in READS[service]}


def metrics() -> list[Any]:
    """Return name, kind, help and labels of every metric in the one file."""
    found = []
    for node in ast.walk(ast.parse(METRICS.read_text("utf-8"))):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") in (
            "Counter",
            "Gauge",
            "Histogram",
        ):
            name, text, *labels = [ast.literal_eval(argument) for argument in node.args]
            found.append(pytest.param(node.func.id, name, text, *labels, id=name))  # type: ignore[attr-defined]
    return found


@pytest.mark.parametrize(("kind", "name", "text", "labels"), metrics())
def test_a_metric_has_a_unit_a_comment_and_labels_from_closed_sets(
    kind: str, name: str, text: str, labels: list[str]
) -> None:
    assert re.fullmatch(r"dossiers_[a-z_]+", name)
    assert text.endswith(".")
    assert set(labels) <= CLOSED_LABELS
    assert labels[0] == "service"
    assert (kind == "Counter") == name.endswith("_total")
    if kind == "Histogram":
        assert name.endswith("_seconds")


def test_metrics_are_made_in_one_file_only() -> None:
    for path in named(".py", "shared", "services"):
        source = path.read_text("utf-8")
        if path != METRICS and "prometheus_client" in source:
            names = imported(ast.parse(source))
            from_client = {name for name in names if name.startswith("prometheus_client")}
            if from_client:
                assert not re.search(r"\b(Counter|Gauge|Histogram|Summary)\(", source), short(path)
