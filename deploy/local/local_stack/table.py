"""What a person sees: a row per dossier while they move, and the summary at the end."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from statistics import quantiles
from typing import Any

from rich.console import Group
from rich.table import Table
from rich.text import Text

from local_stack.tracks import Track

_STYLE = {
    "sent": "dim",
    "submitted": "cyan",
    "accepted": "blue",
    "registered": "green",
    "returned": "yellow",
    "asked": "cyan",
    "stopped": "yellow",
    "withdrawn": "yellow",
    "refused": "magenta",
}


def fitting(tracks: Sequence[Track], rows: int) -> list[Track]:
    """Return at most that many tracks, in their order; those under way go before the ended."""
    chosen = sorted(tracks, key=lambda track: track.ended)[: max(rows, 1)]
    return [track for track in tracks if track in chosen]


def live(
    shown: Sequence[Track], tracks: Sequence[Track], urls: dict[str, str], events: int
) -> Group:
    """Return a row per shown dossier, the count over all tracks, and the addresses to open."""
    now = datetime.now(UTC)
    table = Table(title=None, expand=False, pad_edge=False)
    for name in ("dossier", "from", "road", "state", "age", "told", "portal", "register"):
        table.add_column(name, justify="right" if name == "age" else "left")
    for track in shown:
        until = track.ended_at or now
        table.add_row(
            track.code or track.sample.id,
            track.sample.former_province,
            track.sample.road,
            Text(track.outcome, style=_STYLE.get(track.state, "")),
            f"{(until - track.sent_at).total_seconds():.1f} s",
            f"{len(track.told)}/{len(track.for_citizen)}",
            f"{len(track.informed)}/{len(track.steps)}",
            f"{track.number} in {track.book}" if track.number else "",
        )
    ended = sum(track.ended for track in tracks)
    line = Text(f"{ended} of {len(tracks)} at their end, {events} events seen")
    links = Text("\n".join(f"{name:<14} {url}" for name, url in urls.items()), style="dim")
    return Group(table, line, links)


#: Pages for people: whose they are, the service and path, and how one gets in.
_PAGES = (
    ("officers", "routing", "/mot-cua/", "sign in as officer-26743-a; `make desk` gives work"),
    ("citizens", "routing", "/tra-cuu/", "no sign-in: a code and a second factor"),
    ("provinces", "board", "/tien-do/", "sign in as viewer or viewer-79"),
    ("operators", "board", "/van-hanh/", "sign in as operator or operator-2"),
)


def pages(urls: Mapping[str, str]) -> list[str]:
    """Return a line for each page people can open, and how they get in."""
    return [
        f"{'for ' + whose:<14} {urls[service]}{path}   {who}"
        for whose, service, path, who in _PAGES
        if service in urls
    ]


def summary(tracks: Sequence[Track]) -> dict[str, Any]:
    """Return the figures of a run, JSON-ready; durations in seconds from submission."""
    taken = [track for track in tracks if track.code]
    done = [track for track in taken if track.state == "registered"]
    seconds = sorted(
        (track.ended_at - track.submitted_at).total_seconds()
        for track in done
        if track.ended_at and track.submitted_at
    )
    cuts = quantiles(seconds, n=100, method="inclusive") if len(seconds) > 1 else seconds * 99
    returned = Counter(
        f"{t.returned}: {', '.join(t.reasons)}" for t in taken if t.state == "returned"
    )
    told = Counter(channel for track in taken for channel in track.told.values())
    return {
        "submitted": len(taken),
        "refused_at_intake": sum(track.state == "refused" for track in tracks),
        "accepted": sum("accepted" in track.keys for track in taken),
        "returned": dict(sorted(returned.items())),
        "withdrawn": sum(track.state == "withdrawn" for track in taken),
        "supplements": sum("resubmitted" in track.keys for track in taken),
        "forwarded": sum("forwarded" in track.keys for track in taken),
        "registered": len(done),
        "citizens_told": dict(sorted(told.items())),
        "portals_told": sum(len(track.informed) for track in taken),
        "submit_to_registered_seconds": {
            "p50": round(cuts[49], 3) if cuts else None,
            "p99": round(cuts[98], 3) if cuts else None,
        },
        "dossiers": [
            {
                "sample": track.sample.id,
                "code": track.code,
                "road": track.sample.road,
                "outcome": track.outcome,
                "reasons": list(track.reasons),
                "number": track.number,
                "book": track.book,
                "unit": track.unit_code,
                "due_at": track.due_at.isoformat() if track.due_at else None,
            }
            for track in tracks
        ],
    }


def summary_view(figures: dict[str, Any]) -> Group:
    """Return the summary as tables: the counts, and the entries in the register's books."""
    counts = Table(title="Summary", show_header=False, pad_edge=False)
    counts.add_column()
    counts.add_column(justify="right")
    for name in ("submitted", "refused_at_intake", "accepted"):
        counts.add_row(name.replace("_", " "), str(figures[name]))
    for reason, count in figures["returned"].items():
        counts.add_row(f"returned, {reason}", str(count))
    for name in ("withdrawn", "supplements", "forwarded", "registered"):
        counts.add_row(name, str(figures[name]))
    for channel, count in figures["citizens_told"].items():
        counts.add_row(f"citizens told by {channel}", str(count))
    counts.add_row("portals told", str(figures["portals_told"]))
    for name, value in figures["submit_to_registered_seconds"].items():
        counts.add_row(f"submit to registered, {name}", f"{value} s")
    books = Table(title="Registered", pad_edge=False)
    for name in ("dossier", "unit", "number", "book"):
        books.add_column(name)
    for one in figures["dossiers"]:
        if one["number"]:
            books.add_row(one["code"], one["unit"], one["number"], one["book"])
    return Group(books, counts)
