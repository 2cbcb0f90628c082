"""A replay as text, as a JSON document and as rows of CSV."""

import csv
import io
import json
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any

from audit.replaying.results import Difference, Replay
from audit.replaying.rules import Rules

COLUMNS = (
    *("code", "dossier_id", "unit_code", "event", "sequence", "kind", "differs"),
    *("said", "found", "said_source", "found_source"),
)


def document_of(found: Replay, rules: Rules) -> dict[str, Any]:
    """Return what scripts read."""
    return {
        "origin": found.origin,
        "rules": rules.text,
        "records": found.records,
        "records_heard": found.heard,
        "copies": found.copies,
        "dossiers": found.dossiers,
        "dossiers_differing": found.dossiers_differing,
        "dossiers_never_submitted": found.never_submitted,
        "reference_versions": dict(sorted(found.versions.items())),
        "reference_version_asked": rules.asked.version,
        "decisions": {
            kind: {"judged": count, "differing": differing_of(found, kind)}
            for kind, count in sorted(found.judged.items())
        },
        "listed": len({one.dossier_id for one in found.differences}),
        "differences": [_row(one) for one in found.differences],
    }


def differing_of(found: Replay, kind: str) -> dict[str, int]:
    """Return how many decisions of a kind differ, by what of them does."""
    return {what: n for (one, what), n in sorted(found.differing.items()) if one == kind}


def json_of(found: Replay, rules: Rules) -> str:
    """Return the document."""
    return json.dumps(document_of(found, rules), indent=2, ensure_ascii=False)


def csv_of(found: Replay) -> str:
    """Return the differences as rows, the names of the columns first."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(_row(one) for one in found.differences)
    return text.getvalue().removesuffix("\n")


def text_of(found: Replay, rules: Rules) -> str:
    """Return what a person reads."""
    return "\n".join(_lines(found, rules))


def _lines(found: Replay, rules: Rules) -> Iterator[str]:
    for one in found.differences:
        judged = one.judged
        yield f"{one.code or one.dossier_id} {judged.kind} ({' '.join(judged.differs)})"
        yield f"  log:   {judged.said}{_basis(judged.said_source)}"
        yield f"  rules: {judged.found}{_basis(judged.found_source)}"
    listed = len({one.dossier_id for one in found.differences})
    if listed < found.dossiers_differing:
        yield f"and {found.dossiers_differing - listed} more dossiers; --limit lists more"
    yield f"{found.origin} against {rules.text}"
    for kind, count in sorted(found.judged.items()):
        differing = differing_of(found, kind)
        parts = ", ".join(f"{what} {n}" for what, n in differing.items())
        yield f"  {kind}: {count} decisions, {sum(differing.values())} differ" + (
            f" ({parts})" if parts else ""
        )
    yield from _remarks(found, rules)
    yield f"{found.dossiers_differing} of {found.dossiers} dossiers would fare otherwise"


def _remarks(found: Replay, rules: Rules) -> Iterator[str]:
    others = {version for version in found.versions if version != rules.own.version}
    if others:
        count = sum(found.versions[version] for version in others)
        yield (
            f"  {count} were routed with other reference data ({', '.join(sorted(others))}):"
            " a difference may be theirs"
        )
    if found.never_submitted:
        yield f"  {found.never_submitted} dossiers have no submission here and are not judged"


def _basis(source: str) -> str:
    return f"  [{source}]" if source else ""


def _row(one: Difference) -> dict[str, Any]:
    judged = asdict(one.judged) | {"differs": " ".join(one.judged.differs)}
    named = {"code": one.code, "dossier_id": one.dossier_id}
    return {name: (named | judged)[name] for name in COLUMNS}
