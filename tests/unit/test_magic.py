"""Magic dossiers: what a reference asks for, and what the test officer does about it."""

import re
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.magic import CATALOGUE, USUAL_SECONDS, Magic, named, played
from sandbox.magic_desk import next_act

NOW = datetime.fromisoformat("2026-11-24T08:00:00+07:00")
PORTALS = Path("docs/portals.md")


@pytest.mark.parametrize(
    ("reference", "name", "seconds"),
    [
        ("MAGIC-ACCEPTED", "ACCEPTED", USUAL_SECONDS),
        ("MAGIC-SLOW-90s-17", "SLOW", 90),
        ("MAGIC-SLOW-0s", "SLOW", 0),
        ("MAGIC-REGISTER-SUPPLEMENT-x/y", "REGISTER-SUPPLEMENT", USUAL_SECONDS),
        ("MAGIC-SUPPLEMENT-17", "SUPPLEMENT", USUAL_SECONDS),
    ],
)
def test_a_reference_names_an_outcome_and_maybe_how_long_it_takes(
    reference: str, name: str, seconds: int
) -> None:
    asked = played(reference)

    assert asked is not None
    assert (asked.magic.name, asked.seconds) == (name, seconds)


@pytest.mark.parametrize(
    "reference", ["DVCQG-1", "MAGIC-", "MAGIC-SLOWLY", "XMAGIC-SLOW", "magic-slow"]
)
def test_any_other_reference_is_no_magic(reference: str) -> None:
    assert played(reference) is None


def test_the_register_reads_how_long_it_is_to_take() -> None:
    asked = played("MAGIC-IN-DOUBT-7s-1")

    assert asked is not None
    assert asked.note == "sandbox:silent=7"


@pytest.mark.parametrize("magic", CATALOGUE, ids=lambda one: one.name)
def test_every_step_ends_with_the_status_it_has_and_every_outcome_is_documented(
    magic: Magic,
) -> None:
    for step in magic.steps:
        assert not step.passed or step.passed[-1] == step.status
    ways = [" → ".join(map(str, one.passed)) if one.passed else "·" for one in magic.steps]
    row = next(
        line
        for line in PORTALS.read_text("utf-8").splitlines()
        if line.startswith(f"| `MAGIC-{magic.name}` |")
    )
    told = row.strip("| ").split(" | ")[1]

    assert told == (", ".join(ways) or f"422, `{magic.refused}`")


def test_the_documents_name_no_outcome_there_is_not() -> None:
    documented = set(re.findall(r"^\| `MAGIC-([A-Z-]+)` \|", PORTALS.read_text("utf-8"), re.M))

    assert documented == {one.name for one in CATALOGUE}


@pytest.mark.parametrize(
    ("name", "view", "act"),
    [
        ("ACCEPTED", {}, ("accept", None)),
        ("REFUSED", {}, ("return", {"kind": "refused", "reasons": ["conditions_not_met"]})),
        ("SUPPLEMENT", {"allowed": ["accept"]}, ("accept", None)),
        ("DUPLICATE", {}, ("accept", None)),
        (
            "DUPLICATE",
            {"flags": ["same_event"]},
            ("return", {"kind": "refused", "reasons": ["duplicate_registration"]}),
        ),
        ("WITHDRAWN", {}, None),
        ("STOPPED", {}, ("stop", {"reason": "legal_obstacle"})),
        ("STOPPED", {"status": "stopped", "since": 59}, None),
        ("STOPPED", {"status": "stopped", "since": 60}, ("resume", None)),
        ("STOPPED", {"since": 70}, ("accept", None)),
        ("HANDED-OVER", {"status": "registered"}, ("hand-over", {"method": "in_person"})),
        ("ACCEPTED", {"status": "registered"}, None),
        ("RESCHEDULED", {"status": "accepted"}, None),
    ],
)
def test_the_test_officer_does_what_the_outcome_asks_for_and_nothing_else(
    name: str, view: dict[str, Any], act: Any
) -> None:
    asked = played(f"MAGIC-{name}-60s-1")
    since = view.pop("since", None)
    pauses = [] if since is None else [{"from_at": (NOW - timedelta(seconds=since)).isoformat()}]
    shown = {"status": "received", "allowed": ["supplement"], "flags": [], "pauses": pauses} | view

    assert asked is not None
    assert next_act(asked, shown, NOW) == act


def test_an_unknown_name_is_none() -> None:
    assert named("NONSENSE") is None
