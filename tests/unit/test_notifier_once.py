"""Whatever happens in whatever order: each step is told at most once, and told in the end."""

from collections import Counter

from hypothesis import given, settings
from hypothesis import strategies as st

from contracts.events import PortalInformed
from notifier.telling import FOLLOWS
from tests.unit.notifier_kit import (
    ACCEPTED,
    CONTACT,
    ERASED,
    REGISTERED,
    SUBMITTED,
    Notifier,
    a_contact,
    a_return,
)

INTAKE = [SUBMITTED]
ROUTING = st.sampled_from(
    [
        [ACCEPTED],
        [a_return("refused")],
        [ACCEPTED, a_return()],
        [a_return(), ACCEPTED],
        [a_return(), a_return("refused")],
    ]
)
REGISTER = st.sampled_from([[], [REGISTERED]])
PERSON = st.sampled_from(
    [
        [CONTACT],
        [CONTACT, ERASED],
        [ERASED],
        [a_contact(phone=None, email=None)],
        [a_contact(email=None, notify_by=("sms",)), a_contact(2, notify_by=("email",))],
    ]
)
ANSWERS = ("done", "no", "unknown", "stuck")


@st.composite
def lives(draw):
    """Return the messages of a dossier: each source in its own order, woven at random."""
    sources = [list(INTAKE), *(list(draw(one)) for one in (ROUTING, REGISTER, PERSON))]
    woven = []
    while any(sources):
        woven.append(draw(st.sampled_from([one for one in sources if one])).pop(0))
    return woven


def _answer(notifier: Notifier, draw) -> None:
    kind = draw(st.sampled_from(notifier.open))
    outcome = draw(st.sampled_from(ANSWERS))
    if outcome in ("done", "no"):
        notifier.answers(kind, outcome)
    else:
        notifier.loses(kind, final=outcome == "stuck")


def _check_each_moment(notifier: Notifier) -> None:
    lanes = Counter("portal" if kind.startswith("portal") else "citizen" for kind in notifier.open)
    assert all(count <= 1 for count in lanes.values())
    assert all(count == 1 for count in Counter(one.kind for one in notifier.effects).values())


def _check_order(kinds: list[str]) -> None:
    steps = list(dict.fromkeys(kind.partition(":")[2] for kind in kinds))
    assert [kind.partition(":")[2] for kind in kinds] == sorted(
        (kind.partition(":")[2] for kind in kinds), key=steps.index
    )
    for step in steps:
        before = FOLLOWS.get(step)
        assert before not in steps or steps.index(before) < steps.index(step)


@settings(max_examples=400, deadline=None)
@given(st.data())
def test_given_any_life_and_any_answers_then_each_step_is_told_at_most_once_and_ends(data):
    notifier = Notifier()

    for message in data.draw(lives()):
        notifier.hears(message)
        _check_each_moment(notifier)
        while notifier.open and data.draw(st.booleans()):
            _answer(notifier, data.draw)
            _check_each_moment(notifier)
    notifier.answers_all()

    told = [one for one in notifier.events if not isinstance(one, PortalInformed)]
    informed = [one for one in notifier.events if isinstance(one, PortalInformed)]
    steps = [one.step for one in notifier.state.news]
    assert Counter(one.step for one in told) == Counter(steps)
    assert max(Counter(one.step for one in informed).values(), default=0) <= 1
    assert all(one.portal in ("informed", "abandoned") for one in notifier.state.news)
    _check_order(notifier.kinds("citizen"))
    _check_order(notifier.kinds("portal"))
    assert notifier.kinds("portal") == [f"portal:{step}" for step in steps]
