"""`python -m tests.dependencies.advisories`: asks what is known against what is locked.

Ends with 0 when every locked package was asked about and nothing is known, 1 when something is,
3 when not every package could be asked about: then nothing is known either way.
"""

import argparse
import json
import sys
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any

from deploy.manifests.closure import LOCK, locked

URL = "https://api.osv.dev/v1/querybatch"
CLEAN, FOUND, NOT_AUDITED = 0, 1, 3
#: Packages asked about at once, and how often an answer may go on.
_AT_ONCE, _PAGES, _SECONDS = 100, 20, 30
#: What a database that is away, or answers in another way than it says, looks like.
_NO_ANSWER = (OSError, HTTPException, ValueError, RecursionError, LookupError, TypeError)
#: Asked besides: the database is there and answers in earnest when something is known of it.
KNOWN_BAD = ("jinja2", "2.4.1")


class NotAudited(Exception):
    """The database did not answer about every package; says why."""


def main(arguments: list[str] | None = None) -> int:
    """Print what is known against each package, and return the exit code."""
    asked = argparse.ArgumentParser(prog="python -m tests.dependencies.advisories")
    asked.add_argument("--url", default=URL)
    asked.add_argument("--lock", type=Path, default=LOCK)
    told = asked.parse_args(arguments)
    try:
        packages = locked(told.lock)
        found = advisories(told.url, packages)
    except (NotAudited, *_NO_ANSWER) as error:
        reason = str(error) if isinstance(error, NotAudited) else type(error).__name__
        print(f"not audited: {reason}", file=sys.stderr)
        return NOT_AUDITED
    for name, ids in sorted(found.items()):
        print(f"{name} {packages[name]}: {', '.join(ids)}")
    print(f"{len(packages)} packages asked about, {len(found)} with something known against them")
    return FOUND if found else CLEAN


def advisories(url: str, packages: Mapping[str, str]) -> dict[str, list[str]]:
    """Return what is known, by package; raises NotAudited unless all were answered for."""
    if not packages:
        raise NotAudited("nothing is locked")
    if not _ask(url, [KNOWN_BAD])[0]:
        raise NotAudited("the database knows nothing of what is known to be bad")
    names, found = sorted(packages), dict[str, list[str]]()
    for start in range(0, len(names), _AT_ONCE):
        part = names[start : start + _AT_ONCE]
        answers = _ask(url, [(name, packages[name]) for name in part])
        found |= {name: ids for name, ids in zip(part, answers, strict=True) if ids}
    return found


def _ask(url: str, packages: list[tuple[str, str]]) -> list[list[str]]:
    queries: list[dict[str, Any]] = [
        {"package": {"ecosystem": "PyPI", "name": name}, "version": version}
        for name, version in packages
    ]
    found: list[list[str]] = [[] for _ in packages]
    places = list(range(len(packages)))
    for _ in range(_PAGES):
        results = _post(url, {"queries": [queries[place] for place in places]})
        if len(results) != len(places):
            raise NotAudited(f"{len(results)} answers to {len(places)} questions")
        goes_on = []
        for place, result in zip(places, results, strict=True):
            found[place] += [str(one["id"]) for one in result.get("vulns") or ()]
            if token := result.get("next_page_token"):
                queries[place]["page_token"] = token
                goes_on.append(place)
        if not goes_on:
            return found
        places = goes_on
    raise NotAudited("the answers do not end")


def _post(url: str, document: Any) -> list[dict[str, Any]]:
    request = urllib.request.Request(
        url, json.dumps(document).encode(), {"content-type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=_SECONDS) as answer:
        told = json.loads(answer.read())
    results = told.get("results") if isinstance(told, dict) else None
    if not isinstance(results, list) or not all(isinstance(one, dict) for one in results):
        raise NotAudited("the answer holds no results")
    return results


if __name__ == "__main__":
    sys.exit(main())
