"""The figures of a campaign, counted from the journals, the topics and the course; no metrics."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from tests.chaos.campaign.invariants.finding import Facts

Figures = dict[str, Any]
Window = tuple[datetime, datetime]

#: A portal that waits longer than this found the intake unavailable.
UNAVAILABLE_SECONDS = 1.0
#: What the services' logs say of work that was done again.
TOLD_IN_LOGS = (
    "batch_failed_replaying_singly",
    "partition_waits",
    "partition_moved_on_elsewhere",
    "relay_starts_over",
    "answers_wait_for_database",
    "client_skipped",
    "record_dead_lettered",
    "consumer_stops",
)
_EVENT = re.compile(r'"event": ?"(\w+)"')


def figures(facts: Facts) -> Figures:
    """Return every figure by its name; seconds are real ones."""
    return {
        "faults": _faults(facts),
        "dossiers": _dossiers(facts),
        "registrations": _registrations(facts),
        "messages": _messages(facts),
        "duplicates": _duplicates(facts),
        "calls": _calls(facts),
        "put_aside": _put_aside(facts),
        "recovery_seconds": _recovery(facts),
        "intake": {
            "portals_waited": _windows(_long(facts.outside.waits)),
            "not_ready": _windows(facts.course.intake_away),
        },
        "end_to_end_seconds": _end_to_end(facts),
        "events": _events(facts),
        "memory_mb": _memory(facts),
        "told_in_logs": _told_in_logs(facts),
    }


def _faults(facts: Facts) -> Figures:
    faults = facts.course.faults
    done = Counter(one.fault.kind for one in faults if not one.note)
    missed = Counter(one.fault.kind for one in faults if one.note)
    return {"total": done.total(), "by_kind": dict(sorted(done.items())), "not_done": dict(missed)}


def _dossiers(facts: Facts) -> Figures:
    outcomes = Counter[str](one.outcome for one in facts.course.sent)
    times = sum(one.times for one in facts.course.sent)
    return {"sent": outcomes.total(), **outcomes, "requests": times, "taken": len(facts.dossiers)}


def _registrations(facts: Facts) -> Figures:
    lines = [len(facts.outside.lines.get(code, ())) for code in facts.dossiers.values()]
    wanted = [any(facts.log.about(one, "registered")) for one in facts.dossiers]
    return {
        "expected": sum(wanted),
        "actual": sum(lines),
        "double": sum(max(count - 1, 0) for count in lines),
        "missing": sum(want and not count for want, count in zip(wanted, lines, strict=True)),
    }


def _messages(facts: Facts) -> Figures:
    kinds, told = facts.outside.kinds, facts.outside.told
    said = Counter(
        one.data["channel"] for one in facts.log.by_id.values() if one.name == "citizen_notified"
    )
    informed = sum(one.name == "portal_informed" for one in facts.log.by_id.values())
    given_up = Counter(
        one.data["reason"]
        for one in facts.log.by_id.values()
        if one.name == "notification_abandoned"
    )
    return {
        "sms": {"expected": said["sms"], "actual": kinds["sms.sent"]},
        "mail": {"expected": said["email"], "actual": kinds["mail.sent"]},
        "callbacks": {"expected": informed, "actual": kinds["portal.callback"]},
        "double": sum(count - 1 for count in told.values()),
        "given_up": dict(given_up),
    }


def _duplicates(facts: Facts) -> Figures:
    kinds, again = facts.outside.kinds, len(set(facts.course.again))
    copies = facts.log.copies.total()
    return {
        "records_sent_again": again,
        "copies_on_the_log": copies,
        "by_relays": max(copies - again, 0),
        "ahead_of_their_turn": facts.log.ahead.total(),
        "dropped_by_register": kinds["register.push_duplicate"],
        "dropped_by_sms_gateway": kinds["sms.duplicate"],
        "dropped_by_portals": kinds["portal.callback_duplicate"],
    }


def _calls(facts: Facts) -> Figures:
    states, doubts, attempts = Counter[str](), Counter[str](), Counter[str]()
    for service in facts.evidence.databases:
        for row in facts.tables(service).get("effect", ()):
            states[row["state"]] += 1
            if row["in_doubt"] or row["doubted"]:
                doubts[f"{row['kind'].partition(':')[0]} {row['state']}"] += 1
            attempts[service] += row["attempt"] > 1
    return {"states": dict(states), "were_in_doubt": dict(doubts), "tried_again": dict(attempts)}


def _put_aside(facts: Facts) -> Figures:
    found = {}
    for table in ("dead_letter", "inbound_parked", "conflict"):
        rows = [len(facts.tables(one).get(table, ())) for one in facts.evidence.databases]
        found[table] = sum(rows)
    return {"forged": len(facts.forged), **found}


def _recovery(facts: Facts) -> Figures:
    by_kind: defaultdict[str, list[float]] = defaultdict(list)
    for one in facts.course.faults:
        if one.recovered_at is not None:
            seconds = (one.recovered_at - one.ended_at).total_seconds()
            by_kind[one.fault.kind].append(max(seconds, 0.0))
    return {
        kind: {"p50": _at(seconds, 0.5), "max": _at(seconds, 1.0), "count": len(seconds)}
        for kind, seconds in sorted(by_kind.items())
    }


def _long(waits: Iterable[Window]) -> list[Window]:
    return [w for w in waits if (w[1] - w[0]).total_seconds() > UNAVAILABLE_SECONDS]


def _windows(times: Iterable[Window]) -> Figures:
    """Return how many windows these times make that do not overlap, and how long they are."""
    windows: list[Window] = []
    for began, ended in sorted(times):
        if windows and began <= windows[-1][1]:
            windows[-1] = windows[-1][0], max(windows[-1][1], ended)
        else:
            windows.append((began, ended))
    seconds = [(ended - began).total_seconds() for began, ended in windows]
    return {
        "windows": len(windows),
        "seconds": round(sum(seconds), 1),
        "longest": _at(seconds, 1.0),
    }


def _end_to_end(facts: Facts) -> Figures:
    """Return from sending to the last word on the log, apart for what met a fault on its way."""
    windows = [(one.began_at, one.recovered_at or one.ended_at) for one in facts.course.faults]
    inside: list[float] = []
    outside: list[float] = []
    for party, sent in facts.sent.items():
        for one in facts.submitted.get(party, ())[:1]:
            last = facts.log.by_dossier[one.dossier][-1]
            ended = datetime.fromtimestamp(last.at_ms / 1000, UTC)
            met = any(began <= ended and sent.sent_at <= over for began, over in windows)
            (inside if met else outside).append((ended - sent.sent_at).total_seconds())
    return {"met_a_fault": _spread(inside), "met_none": _spread(outside)}


def _spread(seconds: Sequence[float]) -> Figures:
    shares = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
    return {"count": len(seconds)} | {name: _at(seconds, at) for name, at in shares.items()}


def _at(seconds: Sequence[float], share: float) -> float | None:
    if not seconds:
        return None
    in_order = sorted(seconds)
    return round(in_order[min(int(share * len(in_order)), len(in_order) - 1)], 2)


def _events(facts: Facts) -> Figures:
    times = [one.at_ms for one in facts.log.by_id.values()]
    seconds = (max(times) - min(times)) / 1000 if times else 0.0
    rate = round(len(times) / seconds, 1) if seconds else None
    records = dict(sorted(facts.log.records.items()))
    return {"count": len(times), "a_second": rate, "records": records}


def _memory(facts: Facts) -> Figures:
    return {
        name: {"warm": round(warm, 1), "end": round(end, 1), "grown": round(end - warm, 1)}
        for name, (warm, end) in sorted(facts.course.memory_mb.items())
    }


def _told_in_logs(facts: Facts) -> Figures:
    found = Counter[str]()
    for lines in facts.evidence.logs.values():
        for line in lines:
            if (event := _EVENT.search(line)) and event[1] in TOLD_IN_LOGS:
                found[event[1]] += 1
    return dict(sorted(found.items()))
