"""How `hotich stuck` and `hotich lane` print what services tell."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table as Grid
from rich.text import Text

KINDS = "parked, dead_letter, conflict, manual, in_doubt; waiting is listed only when asked for"
_DAY, _HOUR, _MINUTE = 86400, 3600, 60


def age(seconds: int) -> str:
    """Return an age in the largest unit that fits: `3d`, `5h`, `12m`, `40s`."""
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "m")):
        if seconds >= size:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


def lines(console: Console, documents: Iterable[Mapping[str, Any]]) -> None:
    """Print one JSON document per line, for programs."""
    for one in documents:
        console.out(json.dumps(one, ensure_ascii=False), highlight=False)


def items(console: Console, found: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Print the list, and how many of each kind."""
    if as_json:
        lines(console, found)
        return
    # A name is copied: it stands alone on its line, whatever the width.
    for one in found:
        told = [one["kind"], age(one["age_seconds"]), one["call"], one["reason"], one["code"]]
        told += [f"{one['attempts']} attempts"] if one["attempts"] else []
        told += [f"waits for {_wanted(one['waits_for'])}"] if one["waits_for"] else []
        told += [f"held by {one['holder']}"] if one["holder"] else []
        console.out(one["item"], highlight=False)
        console.out("    " + ", ".join(filter(None, told)), highlight=False)
    counted: dict[str, int] = {}
    for one in found:
        counted[one["kind"]] = counted.get(one["kind"], 0) + 1
    console.out(", ".join(f"{kind} {n}" for kind, n in counted.items()) or "nothing waits")


def _wanted(waits: Mapping[str, Any]) -> str:
    where = ", a dead letter here" if waits["dead_letter"] else ""
    return f"{waits['sequence']} of {waits['producer']}{where}"


def item(console: Console, found: Mapping[str, Any], *, as_json: bool) -> None:
    """Print one thing with its attempts and acts."""
    if as_json:
        lines(console, [found])
        return
    names = ("item", "kind", "dossier_id", "code", "since", "reason", "call", "attempts", "holder")
    facts = {name: found[name] for name in names if found[name] not in ("", None)}
    facts |= {name: text for name, text in found["facts"].items() if text not in ("", "null")}
    if found["waits_for"]:
        facts |= {
            "waits for": _wanted(found["waits_for"]),
            "redrive": found["waits_for"]["redrive"],
        }
    for name, text in facts.items():
        console.out(f"{name:<20}{text}", highlight=False)
    if found["history"]:
        _grid(console, ("attempt", "at", "outcome", "reason", "steps"), found["history"])
    acts(console, [{"service": found["service"], **one} for one in found["acts"]], as_json=False)


def outcomes(console: Console, found: Sequence[Mapping[str, Any]]) -> None:
    """Print what an act does to each item."""
    for one in found:
        mark = "" if one["possible"] else "not possible: "
        console.out(f"{one['item']}\n    {mark}{one['outcome']}", highlight=False)


def acts(console: Console, found: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Print acts of people, each with what came of it."""
    if as_json:
        lines(console, found)
        return
    for one in found:
        approved = f", approved by {one['approved_by']}" if one["approved_by"] else ""
        waits = "" if one["done_at"] else ", waits for a second person"
        console.out(
            f"{one['service']}/{one['act_id']} {one['act']} by {one['proposed_by']}"
            f" at {one['proposed_at']}{approved}{waits}: {one['reason']}",
            highlight=False,
        )
        outcomes(console, one["items"])


def lanes(console: Console, found: Sequence[Mapping[str, Any]], *, as_json: bool) -> None:
    """Print the lanes, what waits in each and who paused it."""
    if as_json:
        lines(console, found)
        return
    rows = [{**one, "age": age(one["oldest_seconds"]), "paused": _paused(one)} for one in found]
    names = ("service", "lane", "turn", "call", "open", "age", "valve", "window", "paused")
    _grid(console, names, rows)


def _paused(lane: Mapping[str, Any]) -> str:
    pause = lane["pause"]
    return f"by {pause['paused_by']} since {pause['at']}: {pause['reason']}" if pause else ""


def _grid(console: Console, names: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> None:
    grid = Grid(*names)
    for row in rows:
        # As it is: what people wrote is no markup.
        grid.add_row(*(Text("" if row[name] is None else str(row[name])) for name in names))
    console.print(grid)
