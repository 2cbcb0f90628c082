"""What the operator's page says is wrong, and in which order."""

from importlib.resources import files
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
import yaml

from board.operations import findings
from board.operations.findings import Finding, find
from board.operations.looking import Seen, how_open
from pages.words import Words
from plumbing.overview_views import Valve
from plumbing.stuck.views import ActItem, ActView
from tests.unit.board_operations_kit import (
    KINDS,
    NOW,
    a_replica,
    a_run,
    a_valve,
    ago,
    an_overview,
    calls,
    seen,
)

ROOT = Path(__file__).parents[2]
PAUSE = {"lane": "citizen", "turn": "", "paused_by": "thu", "reason": "works", "at": ago(60)}


def found(*every: Seen) -> list[tuple[str, str]]:
    """Return level and key of what is wrong, in order."""
    return [(one.level, one.key.removeprefix("finding.")) for one in find(every, NOW)]


def only(*every: Seen) -> Finding:
    (one,) = find(every, NOW)
    return one


def test_given_nothing_is_wrong_then_nothing_is_found() -> None:
    runs = [a_run(20 * 3600)]
    assert found(seen(comparisons=runs, valves=[a_valve()], calls=[calls(due_seconds=3)])) == []


def test_given_a_service_without_a_replica_that_answers_then_it_is_one_broken_thing() -> None:
    gone = seen(*(a_replica(None, "away", port=n, reason="not_reached") for n in (1, 2)))

    one = only(gone)

    assert (one.level, one.key) == ("bad", "finding.away")
    assert one.places == {"place": "127.0.0.1:1, 127.0.0.1:2", "reason": "not_reached"}


def test_given_one_of_two_replicas_away_then_someone_has_to_look() -> None:
    assert found(seen(a_replica(an_overview()), a_replica(None, "away", port=2))) == [
        ("look", "replica_away")
    ]


@pytest.mark.parametrize("state", ["waits", "stuck"])
def test_given_a_replica_that_is_not_well_then_it_is_broken_and_says_why(state: Any) -> None:
    one = only(seen(a_replica(None, state, reason="database_away")))

    assert (one.level, one.key) == ("bad", f"finding.{state}")
    assert one.places["reason"] == "database_away"


def test_given_a_replica_of_another_release_then_its_missing_figures_are_told() -> None:
    assert found(seen(a_replica(None))) == [("look", "no_figures")]


@pytest.mark.parametrize(
    ("seconds", "level"), [(30, None), (31, "look"), (300, "look"), (301, "bad")]
)
def test_given_a_lag_then_its_age_says_how_bad_it_is(seconds: float, level: str | None) -> None:
    lag = [{"topic": "t", "partitions": 4, "waiting": 9, "oldest_seconds": seconds}]

    assert found(seen(lag=lag)) == ([(level, "lag")] if level else [])


@pytest.mark.parametrize(("seconds", "level"), [(30, None), (31, "look"), (301, "bad")])
def test_given_events_that_are_not_published_then_their_age_says_how_bad_it_is(
    seconds: float, level: str | None
) -> None:
    told = found(seen(outbox={"waiting": 3, "oldest_seconds": seconds}))

    assert told == ([(level, "outbox")] if level else [])


def test_given_two_replicas_then_the_lag_is_that_of_both() -> None:
    one, other = (
        an_overview(lag=[{"topic": "t", "partitions": 2, "waiting": n, "oldest_seconds": n}])
        for n in (4, 400)
    )

    (lag,) = seen(a_replica(one), a_replica(other, port=2)).lag or ()

    assert (lag.partitions, lag.waiting, lag.oldest_seconds) == (4, 404, 400)


@pytest.mark.parametrize(("seconds", "level"), [(300, None), (301, "look"), (3601, "bad")])
def test_given_calls_that_are_due_then_their_age_says_how_bad_it_is(
    seconds: float, level: str | None
) -> None:
    assert found(seen(calls=[calls(due_seconds=seconds)])) == ([(level, "due")] if level else [])


def test_given_a_paused_lane_then_the_pause_is_told_and_not_that_its_calls_wait() -> None:
    one = only(seen(calls=[calls(due_seconds=99_999)], pauses=[PAUSE]))

    assert (one.level, one.key, one.seconds) == ("look", "finding.paused", 60)
    assert one.places == {"lane": "citizen", "person": "thu", "reason": "works"}


def test_given_one_paused_turn_then_what_waits_in_the_lane_is_told_too() -> None:
    told = found(seen(calls=[calls(due_seconds=400)], pauses=[PAUSE | {"turn": "79"}]))

    assert sorted(told) == [("look", "due"), ("look", "paused")]


@pytest.mark.parametrize("state", ["shut", "trying"])
def test_given_a_valve_that_is_not_open_then_someone_looks_and_after_ten_minutes_at_once(
    state: str,
) -> None:
    shut = a_valve(state)

    assert found(seen(valves=[shut])) == [("look", "shut")]
    assert ("bad", "shut") in found(seen(valves=[shut], calls=[calls(due_seconds=601)]))


def test_given_valves_of_several_portals_then_they_are_one_finding_that_names_them() -> None:
    valves = [a_valve("shut", call="portal", turn=turn) for turn in ("b", "a")]

    assert only(seen(valves=valves)).places == {"call": "portal", "turns": " (a, b)"}


def test_given_a_valve_that_opens_slowly_then_it_is_shown_so_and_nothing_is_wrong() -> None:
    valve = a_valve(ramping=True)

    assert how_open(Valve.model_validate(valve)) == "ramp"
    assert found(seen(valves=[valve])) == []


@pytest.mark.parametrize(
    ("kind", "count", "seconds", "level"),
    [
        ("parked", 1, 60, None),
        ("parked", 1, 61, "look"),
        ("parked", 1, 301, "bad"),
        ("dead_letter", 1, 1, "look"),
        ("dead_letter", 21, 1, "bad"),
        ("in_doubt", 1, 60, None),
        ("in_doubt", 1, 61, "look"),
        ("in_doubt", 1, 901, "bad"),
        ("in_doubt", 101, 1, "bad"),
        ("manual", 1, 1, "look"),
        ("manual", 1, 86_401, "bad"),
        ("conflict", 1, 1, "bad"),
    ],
)
def test_given_what_is_stuck_then_age_and_number_say_how_bad_it_is(
    kind: str, count: int, seconds: float, level: str | None
) -> None:
    told = found(seen(stuck={kind: (count, seconds)}))

    assert told == ([(level, f"stuck.{kind}")] if level else [])


@pytest.mark.parametrize(
    ("run", "key"),
    [
        (a_run(7 * 3600, finished=False), "unfinished"),
        (a_run(27 * 3600), "not_compared"),
        (a_run(60, open=3, for_people=3, numbers=3), "held_back"),
        (a_run(60, open=3, for_people=2), "differs"),
    ],
)
def test_given_a_comparison_that_leaves_something_then_someone_has_to_look(
    run: dict[str, Any], key: str
) -> None:
    assert found(seen(comparisons=[run])) == [("look", key)]


def test_given_differences_that_events_repair_then_nobody_has_to_look() -> None:
    assert found(seen(comparisons=[a_run(60, open=5)])) == []


def test_given_a_proposal_then_it_waits_for_a_second_person() -> None:
    act = ActView(
        act_id=UUID(int=7),
        act="redrive",
        reason="mended",
        proposed_by="thu",
        proposed_at=ago(90),
        approved_by=None,
        done_at=None,
        items=(ActItem(item="notifier/conflict/1", possible=True, outcome="proposed"),),
    )

    one = only(Seen("notifier", (a_replica(an_overview()),), (act,)))

    assert (one.level, one.key, one.seconds) == ("people", "finding.proposed.redrive", 90)
    assert one.act_id == str(act.act_id)


def test_the_worst_comes_first_and_of_each_level_the_oldest() -> None:
    told = found(
        seen(stuck={"conflict": (1, 5), "manual": (1, 70), "dead_letter": (1, 700)}),
        seen(stuck={"parked": (1, 400)}),
    )

    assert told == [
        ("bad", "stuck.parked"),
        ("bad", "stuck.conflict"),
        ("look", "stuck.dead_letter"),
        ("look", "stuck.manual"),
    ]


def test_given_a_process_that_is_not_well_then_it_comes_before_all_that_may_follow_from_it() -> (
    None
):
    told = found(
        seen(stuck={"manual": (1, 200_000)}), seen(a_replica(None, "away", reason="not_reached"))
    )

    assert told == [("bad", "away"), ("bad", "stuck.manual")]


def test_what_wakes_somebody_by_the_alert_rules_is_broken_on_the_page() -> None:
    rules = yaml.safe_load((ROOT / "deploy/alerts/stuck.yaml").read_text("utf-8"))
    limits = {one["alert"]: one["expr"] for one in rules["groups"][0]["rules"]}

    def limit(alert: str) -> float:
        return float(limits[alert].rpartition(">")[2])

    assert findings.STUCK["in_doubt"].bad_seconds == limit("DossierInDoubt")
    assert findings.STUCK["in_doubt"].bad_count == limit("ManyInDoubt")
    assert findings.STUCK["manual"].bad_seconds == limit("CallByHandForLong")
    assert findings.STUCK["parked"].bad_seconds == limit("RecordsParked")
    assert findings.STUCK["dead_letter"].bad_count == limit("ManyDeadLetters")
    assert findings.STUCK["conflict"].bad_count == limit("Conflict")
    assert findings.OUTBOX_SECONDS[1] == limit("OutboxOld")
    assert findings.DUE_SECONDS[1] == limit("EffectsOld")
    assert limit("ComparisonUnfinished") == findings.UNFINISHED_SECONDS


def test_every_finding_has_its_sentence_and_every_runbook_section_is_there() -> None:
    words = Words.load(files("board") / "words")
    source = Path(findings.__file__).read_text("utf-8")
    every = {
        *(f"finding.{state}" for state in ("away", "stuck", "waits")),
        *(f"finding.stuck.{kind}" for kind in KINDS),
        *(f"finding.proposed.{act}" for act in ("redrive", "discard")),
        *(one for one in source.split('"') if one.startswith("finding.") and "{" not in one),
    }
    runbook = (ROOT / "docs/operations.md").read_text("utf-8").lower()
    anchors = {
        line.lstrip("# ").replace(",", "").replace(" ", "-") for line in runbook.splitlines()
    }

    assert every <= words.keys()
    assert {*findings.RUNBOOK.values(), "run-stop-look", "the-outbox-gets-old"} <= anchors
    assert {"lanes-and-valves", "the-register-misspeaks", "when-something-waits"} <= anchors
