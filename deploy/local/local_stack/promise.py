"""Checks the one promise against the sandbox's journal: nothing lost, nothing twice."""

import json
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import asyncpg

from local_stack.status import Status
from local_stack.tracks import LATE, Track

_WAITING = """
SELECT (SELECT count(*) FROM outbox) AS outbox,
    (SELECT count(*) FROM inbound_parked) AS parked,
    (SELECT count(*) FROM dead_letter) AS dead_letters,
    (SELECT count(*) FROM conflict) AS conflicts,
    (SELECT count(*) FROM effect WHERE state IN ('PENDING', 'IN_FLIGHT', 'IN_DOUBT'))
        AS open_calls,
    (SELECT count(*) FROM effect WHERE state = 'MANUAL') AS calls_for_a_person
"""


def read_journal(path: Path) -> list[dict[str, Any]]:
    """Return the journal's entries, oldest first."""
    with path.open(encoding="utf-8") as lines:
        return [json.loads(line) for line in lines if line.endswith("\n")]


def broken_promises(tracks: Sequence[Track], journal: Iterable[dict[str, Any]]) -> list[str]:
    """Return every breach, in words; empty when the promise is kept for these dossiers.

    Each step must have been told once; a late one that came when nobody waited any more, at most.
    The National Portal's own interface is told beside the callbacks, perhaps later: nothing twice.
    """
    registered: Counter[str] = Counter()
    taken: Counter[str] = Counter()
    told: Counter[tuple[str, str]] = Counter()
    informed: Counter[tuple[str, str]] = Counter()
    synchronised: Counter[tuple[str, ...]] = Counter()
    for entry in journal:
        match entry["kind"]:
            case "register.registered":
                registered[entry["key"]] += 1
            case "register.pushed":
                taken[entry["key"]] += 1
            case "sms.sent" | "mail.sent":
                code, step, _ = str(entry["reference"]).rsplit(":", 2)
                told[code, step] += 1
            case "portal.callback":
                informed[entry["dossier_code"], entry["step"]] += 1
            case "national.created":
                synchronised[entry["key"], "created"] += 1
            case "national.progress":
                synchronised[entry["key"], entry["step"], entry["status"]] += 1
    breaches: list[str] = []
    for track in tracks:
        breaches += _of_one(track, registered, taken, told, informed)
    codes = {track.code for track in tracks}
    twice = [what for what, times in synchronised.items() if what[0] in codes and times > 1]
    return breaches + [f"{' '.join(what)}: twice at the National Portal" for what in twice]


def _of_one(
    track: Track,
    registered: Counter[str],
    taken: Counter[str],
    told: Counter[tuple[str, str]],
    informed: Counter[tuple[str, str]],
) -> list[str]:
    if track.sample.expect == "rejected":
        return [] if track.state == "refused" else [f"{track.sample.id}: taken, though unlawful"]
    if track.state == "refused":
        return [f"{track.sample.id}: refused ({track.refusal}), expected {track.sample.expect}"]
    if not track.code:
        return [f"{track.sample.id}: lost, no dossier code"]
    found = []
    name = f"{track.sample.id} ({track.code})"
    times = int(track.state == "registered")
    if registered[track.code] != times:
        found.append(f"{name}: registered {registered[track.code]} times, expected {times}")
    accepted = int("accepted" in track.keys)
    if taken[track.code] != accepted:
        found.append(f"{name}: the register took it {taken[track.code]} times, not {accepted}")
    for event, heard in track.steps.items():
        times = told[track.code, heard.key]
        is_due = heard.step not in LATE or event in track.told
        if times != int(heard.step != "handed_over") and (is_due or times > 1):
            found.append(f"{name}: citizen told {times} times of {heard.key}")
    for step, count in Counter(heard.step for heard in track.steps.values()).items():
        times = informed[track.code, step]
        least = _informed_by_now(track, step) if step in LATE else count
        if not least <= times <= count:
            found.append(f"{name}: portal told {times} times of {step}, not {count}")
    if track.outcome != track.sample.expect:
        found.append(f"{name}: {track.outcome}, expected {track.sample.expect}")
    return found


def _informed_by_now(track: Track, step: str) -> int:
    return sum(
        heard.step == step for event, heard in track.steps.items() if event in track.informed
    )


async def waiting(status: Status) -> Counter[str]:
    """Return what waits in each service's database, by service and kind; zeros are left out."""
    found: Counter[str] = Counter()
    for service, url in status.databases.items():
        connection = await asyncpg.connect(url)
        try:
            (row,) = await connection.fetch(_WAITING)
        finally:
            await connection.close()
        found += Counter({f"{service}: {what}": count for what, count in row.items()})
    return found
