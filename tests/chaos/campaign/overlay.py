"""How a campaign reaches into the services: points of failure, clocks, builds broken on purpose."""

import os
from pathlib import Path

OVERLAY = Path(__file__).parents[1] / "overlay"

#: Before and after a batch is committed (Kafka's offset is not yet), after Kafka has acknowledged
#: records that still are in the outbox, before and after a call to the outside is made (after: its
#: answer is not recorded yet).
POINTS = ("before_db_commit", "after_db_commit", "after_publish", "before_call", "after_call")
BROKEN_BUILDS = ("ack_first", "no_sequence_check", "no_idempotency_key")


def environment(folder: Path, broken: str = "") -> dict[str, str]:
    """Return what the environment of the stack's starter needs; `folder` must exist by then.

    `broken` is one of BROKEN_BUILDS, empty for the true build; raises ValueError else.
    """
    if broken and broken not in BROKEN_BUILDS:
        raise ValueError(f"no broken build {broken!r}: one of {', '.join(BROKEN_BUILDS)}")
    before = os.environ.get("PYTHONPATH", "")
    others = [part for part in before.split(os.pathsep) if part and part != str(OVERLAY)]
    return {
        "PYTHONPATH": os.pathsep.join([str(OVERLAY), *others]),
        "CHAOS_FOLDER": str(folder.resolve()),
        "BROKEN_BUILD": broken,
    }


def arm(folder: Path, process: str, point: str) -> None:
    """Have the process kill itself the next time it comes to the point, once.

    `process` is named as the stack names it: `routing`, `registry-sync-1`; `point` is one of
    POINTS. Raises ValueError for another.
    """
    if point not in POINTS:
        raise ValueError(f"no point {point!r}: one of {', '.join(POINTS)}")
    _order(folder / f"{_name(process)}.fail", point)


def disarm(folder: Path, process: str) -> None:
    """Take the order back, if the process has not come to its point."""
    _order(folder / f"{_name(process)}.fail", None)


def is_armed(folder: Path, process: str) -> bool:
    """Return whether the process still has the order, so has not come to its point."""
    return (folder / f"{_name(process)}.fail").exists()


def skew(folder: Path, process: str, seconds: float | None) -> None:
    """Have the rules' clock of the process that far ahead, negative: behind; None: as it was."""
    _order(folder / f"{_name(process)}.skew", None if seconds is None else str(seconds))


def _name(process: str) -> str:
    service, _, number = process.rpartition("-")
    named = (service, number) if number.isdigit() else (process, "0")
    return "-".join(named).replace("registry-sync", "registry_sync")


def _order(file: Path, text: str | None) -> None:
    if text is None:
        file.unlink(missing_ok=True)
        return
    whole = file.with_suffix(".new")
    whole.write_text(text)
    whole.replace(file)
