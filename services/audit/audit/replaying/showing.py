"""A replay as a JSON document and as rows of CSV."""

import csv
import io
import json
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


def _row(one: Difference) -> dict[str, Any]:
    judged = asdict(one.judged) | {"differs": " ".join(one.judged.differs)}
    named = {"code": one.code, "dossier_id": one.dossier_id}
    return {name: (named | judged)[name] for name in COLUMNS}
