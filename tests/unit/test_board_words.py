"""What the operator's pages say: spans, moments, and a sentence for every code."""

import re
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path
from typing import get_args

import pytest

from board.operations.desk import path_of
from board.operations.spans import clock, span
from board.operations.wording import Wording
from contracts.reconciliation import DifferenceKind, Scope
from pages.problems import PageProblem
from pages.words import Words
from plumbing.stuck.views import Act, Kind
from plumbing.valve import Outcome

ROOT = Path(__file__).parents[2]
WORDS = Words.load(files("board") / "words")


@pytest.mark.parametrize(
    ("seconds", "vi", "en"),
    [
        (0, "0 giây", "0 s"),
        (59.9, "59 giây", "59 s"),
        (60, "1 phút", "1 min"),
        (125, "2 phút 5 giây", "2 min 5 s"),
        (3600, "1 giờ", "1 h"),
        (3661, "1 giờ 1 phút", "1 h 1 min"),
        (86_400 * 3 + 60, "3 ngày", "3 d"),
        (-5, "0 giây", "0 s"),
    ],
)
def test_a_span_is_told_by_its_two_largest_units(seconds: float, vi: str, en: str) -> None:
    assert (span(seconds, language="vi"), span(seconds, language="en")) == (vi, en)


def test_a_moment_is_told_to_the_second_in_vietnams_time() -> None:
    assert clock(datetime(2026, 11, 28, 20, 12, 45, tzinfo=UTC)) == "03:12:45 29/11/2026"


def test_every_code_of_a_closed_set_has_a_sentence() -> None:
    codes = {
        "kind": (*get_args(Kind), "ended"),
        "act": (*get_args(Act), "pause", "resume", "take"),
        "answer": (*get_args(Outcome), "lost"),
        "difference": get_args(DifferenceKind),
        "scope": get_args(Scope),
        "valve": ("open", "ramp", "trying", "shut"),
        "state": ("ready", "waits", "stuck", "away"),
    }

    missing = [f"{sort}.{one}" for sort, every in codes.items() for one in every]

    assert [key for key in missing if key not in WORDS] == []


def test_every_reason_the_runbook_explains_for_calls_is_explained_on_the_page_too() -> None:
    text = (ROOT / "docs/operations.md").read_text("utf-8")
    section = text.partition("### Calls in doubt, old, or by hand")[2].partition("###")[0]
    reasons = [line.split("`")[1] for line in section.splitlines() if line.startswith("| `")]

    assert len(reasons) > 12
    by_code = [one for one in reasons if not one.startswith("http_")]
    assert [one for one in by_code if not {f"because.{one}", f"outcome.{one}"} & WORDS.keys()] == []


def test_a_code_without_a_sentence_stays_the_code_and_a_detail_is_kept() -> None:
    say = Wording(WORDS, "en")

    assert say("kind", "new_kind") == "new_kind"
    assert say.outcome("fails: ZeroDivisionError") == "fails: ZeroDivisionError"
    assert say.outcome("due_now").startswith("made now")
    assert say.places({"reason": "database_away", "place": "a:1"}) == {
        "reason": "its database does not answer",
        "place": "a:1",
    }


def test_facts_of_a_stuck_thing_are_told_in_words_and_in_vietnams_time() -> None:
    say = Wording(WORDS, "vi")

    assert say.fact("due_at", "2026-11-28T11:29:40.769879+00:00") == "18:29:40 28/11/2026"
    assert say.fact("due_at", "null") == "null"
    assert say.fact("state", "MANUAL") == "chờ xử lý thủ công"
    assert say.fact("begun", "false") == "không"
    assert say.fact("cause", "Event-7") == "Event-7"
    assert say.fact("lane", "manual") == "manual"
    assert say.places({"neighbour": "register"}) == {"neighbour": "phần mềm hộ tịch"}


def test_every_fact_of_a_stuck_thing_has_a_word() -> None:
    from plumbing.stuck import listing

    told = [one.rpartition("jsonb_build_object(")[2] for one in listing.ONE.values()]
    names = {name for one in told for name in re.findall(r"'([a-z_]+)', [a-z]", one)}

    assert {"state", "due_at", "got_hash", "settled_by"} <= names
    assert {name for name in names if f"fact.{name}" not in WORDS} == set()


@pytest.mark.parametrize(
    "item", ["", "routing", "routing/effect", "routing/../../x/y", "a/b/c?d", "a/b/c d", "a//b/c"]
)
def test_what_can_be_no_name_of_a_thing_is_asked_of_nobody(item: str) -> None:
    with pytest.raises(PageProblem) as refused:
        path_of(item)

    assert refused.value.status == 404
