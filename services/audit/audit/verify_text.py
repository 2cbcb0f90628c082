"""What `verify` and `compare` found, as text and as JSON."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import datetime
from typing import Any

from audit.comparing import Comparison
from audit.findings import Finding, Verdict
from audit.questions.saying import day, moment
from audit.report.saying import finding_told, say
from audit.verifying.collecting import LeftOff, Place
from audit.verifying.results import Asked, Report
from pages.words import Language


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


def finding_text(finding: Finding, language: Language) -> str:
    """Return a finding as a line; in Vietnamese with the sentence its kind has in a report."""
    where = []
    if finding.topic is not None:
        where.append(str(Place(finding.topic, finding.partition or 0)))
    if finding.offset is not None:
        where.append(f"offset {finding.offset}")
    if finding.dossier_id is not None:
        where.append(say(language, "verified.dossier", id=finding.dossier_id))
    if finding.file is not None:
        where.append(_printable(finding.file) or "")
    told = finding_told(finding, language)
    return f"{finding.verdict.name} {finding.kind}: {', '.join(where)}: {told}"


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


def report_text(report: Report, asked: Asked, language: Language) -> str:
    """Return what a check came to in lines for a person, the name of the verdict last."""
    lines = [finding_text(finding, language) for finding in report.findings]
    lines += [_left_off(one, language) for one in report.left_off]
    lines += _counts(report, language)
    for place, count in report.behind.items():
        key = "verified.other_behind" if count > 0 else "verified.archive_behind"
        lines.append(say(language, key, place=place, count=abs(count)))
    if asked.topics:
        lines.append(say(language, "verified.topics", topics=", ".join(asked.topics)))
    if asked.since is not None:
        since = day(asked.since) if language == "vi" else asked.since.isoformat()
        lines.append(say(language, "verified.since", since=since))
    if report.own_keys:
        lines.append(say(language, "verify.own_keys").rstrip("."))
    verdict = say(language, f"verdict.{report.verdict.name.lower()}")
    if asked.topics or asked.since is not None:
        verdict = say(language, "verified.within", verdict=verdict)
    return "\n".join([*lines, verdict, report.verdict.name])


def comparison_json(result: Comparison) -> str:
    """Return what a comparison with the broker came to as one JSON document."""
    document = {
        "verdict": result.verdict.name,
        "exit_code": int(result.verdict),
        "same": sum(result.same.values()),
        "behind": sum(result.behind.values()),
        "findings": [finding_json(finding) for finding in result.findings],
        "left_off": [asdict(one) for one in result.left_off],
    }
    return json.dumps(document, indent=2, ensure_ascii=False)


def comparison_text(result: Comparison, language: Language) -> str:
    """Return what a comparison with the broker came to in lines, the name of the verdict last."""
    lines = [finding_text(finding, language) for finding in result.findings]
    lines += [_left_off(one, language) for one in result.left_off]
    same, behind = sum(result.same.values()), sum(result.behind.values())
    lines.append(say(language, "compared.counts", same=same, behind=behind))
    sound = result.verdict is Verdict.SOUND
    about = "compared.sound" if sound else f"verdict.{result.verdict.name.lower()}"
    return "\n".join([*lines, say(language, about), result.verdict.name])


def _left_off(one: LeftOff, language: Language) -> str:
    if one.topic is None:
        return say(language, "verified.more", count=one.count, kind=one.kind)
    place = Place(one.topic, one.partition or 0)
    return say(language, "verified.more_in", count=one.count, kind=one.kind, place=place)


def _counts(report: Report, language: Language) -> Iterator[str]:
    records = sum(one.records for one in report.places)
    sealed = sum(one.sealed for one in report.places)
    places: dict[str, object] = {"origin": report.origin, "places": len(report.places)}
    newest = _newest(report.as_of, language)
    yield say(language, "verified.extent", records=records, newest=newest, **places)
    checkpoints = sum(one.checkpoints for one in report.places)
    counts = {"sealed": sealed, "checkpoints": checkpoints, "rest": records - sealed}
    yield say(language, "verified.sealed", **counts)
    if copies := sum(one.copies for one in report.places):
        yield say(language, "verify.copies", copies=copies).rstrip(".")
    for name, count in report.cosigned.items():
        yield say(language, "verified.cosigned", count=count, name=name)
    if stamps := report.unchecked_stamps:
        yield say(language, "verified.stamps", count=stamps)


def _newest(at: datetime | None, language: Language) -> str:
    """Return a moment of Vietnam, in English as ISO 8601 has it."""
    if at is None:
        return say(language, "verified.never")
    return moment(at) if language == "vi" else at.isoformat()


def _printable(text: str | None) -> str | None:
    """Return a file's name so that it is one line of text, whatever somebody called the file."""
    if text is None or text.isprintable():
        return text
    return text.encode("unicode_escape").decode()
