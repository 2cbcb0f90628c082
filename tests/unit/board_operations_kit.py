"""What services tell the board, with nothing wrong unless a test says so."""

from datetime import UTC, datetime, timedelta
from typing import Any

from board.operations.looking import Replica, Seen, State
from plumbing.overview_views import Overview

NOW = datetime(2026, 11, 28, 20, 0, tzinfo=UTC)
KINDS = ("parked", "dead_letter", "conflict", "manual", "in_doubt")


def ago(seconds: float) -> datetime:
    """Return the instant so many seconds before now."""
    return NOW - timedelta(seconds=seconds)


def an_overview(service: str = "notifier", **other: Any) -> Overview:
    """Return what a replica tells; `stuck` as {kind: (count, seconds)}."""
    stuck = other.pop("stuck", {})
    told: dict[str, Any] = {
        "service": service,
        "replica": "0",
        "at": NOW,
        "reads": True,
        "lag": [{"topic": "t", "partitions": 4, "waiting": 0, "oldest_seconds": 0}],
        "outbox": {"waiting": 0, "oldest_seconds": 0},
        "calls": [],
        "valves": [],
        "stuck": [
            {"kind": kind, "count": count, "oldest_seconds": seconds}
            for kind in KINDS
            for count, seconds in [stuck.get(kind, (0, 0))]
        ],
        "comparisons": [],
        "proposals": 0,
        "proposals_oldest_seconds": 0,
        "lanes": ["citizen", "portal"],
        "pauses": [],
    }
    return Overview.model_validate(told | other)


def a_valve(state: str = "open", *, ramping: bool = False, **other: Any) -> dict[str, Any]:
    """Return what is told of a valve to the SMS gateway."""
    told = {"call": "sms", "turn": "", "state": state, "window": 4, "flying": 0}
    return told | {"ramping": ramping} | other


def calls(lane: str = "citizen", call: str = "sms", *, due_seconds: float) -> dict[str, Any]:
    """Return what is told of the open calls of a lane."""
    return {"lane": lane, "call": call, "open": 9, "due": 7, "due_seconds": due_seconds}


def a_run(seconds: float, *, finished: bool = True, **other: Any) -> dict[str, Any]:
    """Return what is told of the last comparison, which began so long ago."""
    told = {
        "neighbour": "register",
        "scope": "changed",
        "asked_by": "daily",
        "started_at": ago(seconds),
        "finished_at": ago(seconds - 5) if finished else None,
        "compared": 12,
        "passed_over": 0,
        "open": 0,
        "for_people": 0,
        "numbers": 0,
        "oldest_seconds": 0,
    }
    return told | other


def a_replica(
    overview: Overview | None = None, state: State = "ready", *, port: int = 1, reason: str = ""
) -> Replica:
    """Return one process as it was found."""
    return Replica("notifier", f"http://127.0.0.1:{port}", state, reason, overview)


def seen(*replicas: Replica, **overview: Any) -> Seen:
    """Return the notifier as it was found, by default with one replica that tells the overview."""
    return Seen("notifier", replicas or (a_replica(an_overview(**overview)),))
