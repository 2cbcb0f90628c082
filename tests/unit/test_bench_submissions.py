"""What is measured with is new each time: no dossier is about the same civil event as another."""

import re
from collections import Counter

from contracts.portal import Submission
from intake.civil_events import events_in
from reference import load
from tests.bench.whole.submissions import make


def test_given_some_thousands_then_no_two_are_about_the_same_event() -> None:
    reference = load()
    submissions = [Submission.model_validate(one.submission) for one in make(2_000)]

    marks = [events_in(one, reference) for one in submissions]
    left = Counter(mark for one in marks for mark in set(one.left))
    found = [mark for one in marks for mark in set(one.sought) if left[mark] > (mark in one.left)]

    assert sum(bool(one.sought) for one in marks) > 1_000
    assert found == []
    # No two people share even the free part of a number: drawn ones would, among so many.
    numbers = Counter(
        number
        for one in submissions
        for number in set(re.findall(r'"000\d{3}(\d{6})"', one.model_dump_json()))
    )
    assert max(numbers.values()) == 1
    assert len({one.portal_reference for one in submissions}) == 2_000
