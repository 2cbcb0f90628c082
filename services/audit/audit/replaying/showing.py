"""A replay as a JSON document and as rows of CSV."""

import csv
import io
import json
from collections.abc import Sequence
from typing import Any

from audit.replaying.results import Difference, Replay
from audit.replaying.rules import Rules
from contracts.events import DueStep
from contracts.what_if import GROUNDS

COLUMNS = (
    *("code", "dossier_id", "unit_code", "event", "sequence", "kind", "differs", "changes"),
    *("said", "found", "said_source", "found_source", "said_calendar", "found_calendar"),
    *("said_steps", "found_steps"),
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
        "dossiers_changed": found.dossiers_changed,
        "dossiers_on_other_grounds": found.dossiers_on_other_grounds,
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


def changes_of(found: Replay, kind: str) -> tuple[int, int]:
    """Return how many decisions of a kind have another result, and how many other grounds only."""
    differing = differing_of(found, kind)
    grounds = sum(n for what, n in differing.items() if GROUNDS.issuperset(what.split()))
    return sum(differing.values()) - grounds, grounds


def json_of(found: Replay, rules: Rules) -> str:
    """Return the document."""
    return json.dumps(document_of(found, rules), indent=2, ensure_ascii=False)


def csv_of(found: Replay) -> str:
    """Return the differences as rows, the names of the columns first."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    for one in found.differences:
        judged = one.judged
        steps = {"said_steps": judged.said_steps, "found_steps": judged.found_steps}
        writer.writerow(_row(one) | {name: _in_a_cell(its) for name, its in steps.items()})
    return text.getvalue().removesuffix("\n")


def _row(one: Difference) -> dict[str, Any]:
    """Return a difference by columns; `changes` is whether the result, or its grounds alone."""
    judged = one.judged
    own = {
        "code": one.code,
        "dossier_id": one.dossier_id,
        "differs": " ".join(judged.differs),
        "changes": "result" if judged.changes_result else "grounds",
        "said_steps": [step.model_dump(mode="json") for step in judged.said_steps],
        "found_steps": [step.model_dump(mode="json") for step in judged.found_steps],
    }
    return {name: own[name] if name in own else getattr(judged, name) for name in COLUMNS}


def _in_a_cell(steps: Sequence[DueStep]) -> str:
    return " | ".join(f"{one.note_vi} ({one.source})" for one in steps)
