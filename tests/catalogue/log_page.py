"""Every event of the logs, found in the code, with what to do about it from `log_events.toml`."""

import ast
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
ADVICE = Path(__file__).parent / "log_events.toml"
LEVELS = ("critical", "error", "warning", "info", "debug")
#: Names that stand for `log.<level>` where one of several levels is chosen.
CHOSEN = {"tell": ("info", "warning"), "_died": ("critical",)}
_CHOOSES = {"tell": "tell = log.", "_died": "def _died("}
_NEEDS_ADVICE = ("critical", "error")


@dataclass
class Event:
    """An event: its levels, the keys it is logged with, and the modules that log it."""

    name: str
    levels: set[str] = field(default_factory=set)
    keys: set[str] = field(default_factory=set)
    places: set[str] = field(default_factory=set)

    @property
    def level(self) -> str:
        """Return the gravest of its levels."""
        return next(level for level in LEVELS if level in self.levels)


@cache
def events() -> dict[str, Event]:
    """Return every event in the code of the services and of what they share, by name."""
    found: dict[str, Event] = {}
    for folder in ("shared", "services"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            text = path.read_text("utf-8")
            chosen = {name: of for name, of in CHOSEN.items() if _CHOOSES[name] in text}
            for levels, call in _calls(ast.parse(text), chosen):
                name = ast.literal_eval(call.args[0])
                event = found.setdefault(name, Event(name))
                event.levels |= set(levels)
                event.keys |= {word.arg for word in call.keywords if word.arg}
                event.places.add(_place(path))
    return dict(sorted(found.items()))


def _calls(
    tree: ast.AST, chosen: Mapping[str, tuple[str, ...]]
) -> Iterator[tuple[tuple[str, ...], ast.Call]]:
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call) or not node.args:
            continue
        if not isinstance(node.args[0], ast.Constant) or not isinstance(node.args[0].value, str):
            continue
        called = node.func
        if isinstance(called, ast.Attribute) and called.attr in LEVELS:
            if isinstance(called.value, ast.Name) and called.value.id == "log":
                yield (called.attr,), node
        elif isinstance(called, ast.Name) and called.id in chosen:
            yield chosen[called.id], node


def _place(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[1:] if parts[0] == "shared" else parts[2:])


@cache
def advice() -> dict[str, str]:
    """Return what to do, by event."""
    return dict(tomllib.loads(ADVICE.read_text("utf-8")))


def problems() -> list[str]:
    """Return what is missing or too much in the table of advice."""
    found, told = events(), advice()
    grave = {one.name for one in found.values() if one.level in _NEEDS_ADVICE}
    missing = [
        f"log_events.toml: say what to do about {name}" for name in sorted(grave - set(told))
    ]
    gone = [f"log_events.toml: nobody logs {name}" for name in sorted(set(told) - set(found))]
    return missing + gone


def page() -> str:
    """Return the page, gravest first."""
    lines = [
        "# Log events",
        "",
        "Made from the code by `python -m tests.catalogue`; do not edit.",
        "",
        "A line is one JSON object; `event` is a name below, the facts are keys of a fixed list.",
        "Every line has `service`, `level` and `timestamp` besides.",
        "`critical`: the process ends, or would. `error`: a person must look. "
        "`warning`: handled, and unexpected. `info`: a change of state.",
        "Libraries' lines have their own texts, without values.",
    ]
    for level in LEVELS:
        rows = [one for one in events().values() if one.level == level]
        if rows:
            lines += ["", f"## {level}", "", "| event | keys | where | what to do |"]
            lines += ["|---|---|---|---|", *(_row(one) for one in rows)]
    return "\n".join(lines) + "\n"


def _row(event: Event) -> str:
    others = sorted(event.levels - {event.level})
    also = f" (also {', '.join(others)})" if others else ""
    keys = " ".join(f"`{key}`" for key in sorted(event.keys))
    places = " ".join(f"`{place}`" for place in sorted(event.places))
    return f"| `{event.name}`{also} | {keys} | {places} | {advice().get(event.name, '')} |"
