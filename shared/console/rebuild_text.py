"""What `hotich rebuild` says of what it made, compared and swapped, as lines for a person."""

from typing import Any

from plumbing.rebuilding.making import Made
from plumbing.rebuilding.planning import Plan
from plumbing.rebuilding.swapping import Swapped


def made_text(plan: Plan[Any], made: Made) -> list[str]:
    """Return what came of a rebuild, and what is not in the log."""
    lines = [
        f"{made.service}: {made.dossiers} dossiers from {made.records} records"
        f" in {made.seconds:.1f} s; {made.proved} decisions gave the log's own bytes"
    ]
    lines += [f"the log won, {why}: {count}" for why, count in made.otherwise.items()]
    lines += [f"  {one['dossier_id']} {one['sequence']} {one['event']}" for one in made.notes]
    if made.unheard:
        lines.append(f"on the log and not heard yet: {made.unheard} records")
    if made.strange:
        lines.append(f"no events that fit: {made.strange} records")
    if made.unopened:
        lines.append(f"the keys do not open {made.unopened} records: it cannot be swapped")
    if made.calls_in_doubt:
        lines.append(f"nobody knows the answer of {made.calls_in_doubt} calls")
    if not made.has_particulars:
        lines.append("made without personal data: give --kafka and --keys for them")
    return [*lines, *_not_rebuilt(plan)]


def _not_rebuilt(plan: Plan[Any]) -> list[str]:
    lines = ["not in the log:"]
    for table in plan.tables:
        if table.origin != "rebuilt":
            lines.append(f"  {table.name}: {table.origin}; {table.why}")
        lines += [f"  {table.name}.{column}: {why}" for column, why in table.unknown.items()]
        lines += [f"  {table.name}.{one}, in part: {why}" for one, why in table.inexact.items()]
    return lines


def compared_text(plan: Plan[Any], document: dict[str, Any]) -> list[str]:
    """Return the differences, by table and row."""
    lines = [f"{document['service']}: {document['damage']} rows otherwise than the log says"]
    lines += [
        f"  {one['table']}: {one['kind']}, {one['class']}: {one['rows']}"
        for one in document["counts"]
    ]
    for one in document["differences"]:
        columns = ", ".join(one["columns"])
        key = "/".join(one["key"])
        lines.append(f"{one['found']} {one['kind']} {one['table']} {key} {columns}".rstrip())
    lines += [
        f"{topic}/{part}: the live side read to {here}, the rebuild to {there}"
        for topic, part, here, there in document["read_to"]
    ]
    return lines


def swapped_text(done: Swapped) -> list[str]:
    """Return what is, or would be, in the place of the live tables."""
    did = "is in its place" if done.done else "would be in its place; --yes does it"
    return [
        f"{done.service}: the rebuild {did}; what was live is kept as {done.kept_as}",
        f"open calls: {done.open_calls}, of {done.in_doubt} nobody knows whether they were made",
        f"unsent: {done.unsent}",
        *(f"taken over, {table}: {rows}" for table, rows in done.carried.items() if rows),
    ]
