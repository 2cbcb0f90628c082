"""What `verify` and `compare` found, as text and as JSON."""

import json
from dataclasses import asdict
from typing import Any

from audit.findings import Finding
from audit.verifying.collecting import Place
from audit.verifying.results import Asked, Report


def finding_json(finding: Finding) -> dict[str, Any]:
    """Return a finding as scripts read it."""
    return {
        "verdict": finding.verdict.name,
        "kind": finding.kind,
        "text": finding.text,
        "topic": finding.topic,
        "partition": finding.partition,
        "offset": finding.offset,
        "dossier_id": finding.dossier_id and str(finding.dossier_id),
        "file": _printable(finding.file),
    }


def finding_text(finding: Finding) -> str:
    """Return a finding as a line."""
    where = []
    if finding.topic is not None:
        where.append(str(Place(finding.topic, finding.partition or 0)))
    if finding.offset is not None:
        where.append(f"offset {finding.offset}")
    if finding.dossier_id is not None:
        where.append(f"dossier {finding.dossier_id}")
    if finding.file is not None:
        where.append(_printable(finding.file) or "")
    return f"{finding.verdict.name} {finding.kind}: {', '.join(where)}: {finding.text}"


def report_json(report: Report, asked: Asked) -> str:
    """Return what a check came to as one JSON document."""
    document = {
        "origin": report.origin,
        "verdict": report.verdict.name,
        "exit_code": int(report.verdict),
        "as_of": report.as_of and report.as_of.isoformat(),
        "keys": "of the archive" if report.own_keys else "given",
        "topics": list(asked.topics),
        "since": asked.since and asked.since.isoformat(),
        "records": sum(one.records for one in report.places),
        "events": sum(one.events for one in report.places),
        "copies": sum(one.copies for one in report.places),
        "dossiers": report.dossiers,
        "causes": report.causes,
        "cosigned": report.cosigned,
        "keys_used": [one.text for one in report.keys],
        "unchecked_time_stamps": report.unchecked_stamps,
        "places": [
            {
                "topic": one.place.topic,
                "partition": one.place.partition,
                "records": one.records,
                "sealed": one.sealed,
                "checkpoints": one.checkpoints,
                "root": one.root.hex(),
                "behind": report.behind.get(one.place, 0),
            }
            for one in report.places
        ],
        "findings": [finding_json(finding) for finding in report.findings],
        "left_off": [asdict(one) for one in report.left_off],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def report_text(report: Report, asked: Asked) -> str:
    """Return what a check came to in lines for a person, the verdict last."""
    records = sum(one.records for one in report.places)
    sealed = sum(one.sealed for one in report.places)
    copies = sum(one.copies for one in report.places)
    lines = [finding_text(finding) for finding in report.findings]
    lines += [
        f"and {one.count} more of {one.kind}"
        + (f" in {one.topic}/{one.partition}" if one.topic else "")
        for one in report.left_off
    ]
    newest = report.as_of.isoformat() if report.as_of else "never"
    lines.append(
        f"{report.origin}, up to {newest}: {records} records in {len(report.places)} places"
    )
    checkpoints = sum(one.checkpoints for one in report.places)
    lines.append(
        f"{sealed} are under {checkpoints} signed checkpoints, {records - sealed} under none yet"
    )
    if copies:
        lines.append(f"{copies} are copies of others, which does no harm")
    lines += [f"{count} cosignatures are of {name}" for name, count in report.cosigned.items()]
    if stamps := report.unchecked_stamps:
        lines.append(f"{stamps} time stamps were not checked: give --tsa-certificate")
    for place, count in report.behind.items():
        lines.append(f"{place}: the {'other' if count > 0 else 'archive'} is {abs(count)} behind")
    if asked.topics:
        lines.append(f"only {', '.join(asked.topics)} was looked at")
    if asked.since is not None:
        lines.append(f"no single record before {asked.since} was looked at")
    if report.own_keys:
        lines.append("the keys are the archive's own: only --key tells whether all was signed anew")
    lines.append(report.verdict.name)
    return "\n".join(lines)


def _printable(text: str | None) -> str | None:
    """Return a file's name so that it is one line of text, whatever somebody called the file."""
    if text is None or text.isprintable():
        return text
    return text.encode("unicode_escape").decode()
