"""Whatever happens in whatever order: each step is told at most once, and told in the end."""

from collections import Counter
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

import reference
from contracts.events import EVENTS, EventData, PortalInformed, Resubmitted
from contracts.lifecycle import statuses
from notifier.correspondence import News
from tests.unit.lifecycle_kit import legal_lives
from tests.unit.notifier_kit import (
    CONTACT,
    ERASED,
    Notifier,
    a_contact,
    callbacks,
    heard,
    step_of,
)

KNOWN = reference.load()
SERVICE = {data.name: data.service for data in EVENTS}
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
def woven(draw, life):
    """Return the messages of a dossier: each source in its own order, woven at random."""
    events = heard(*life)
    topics = [[one for one in events if one.service == name] for name in set(SERVICE.values())]
    sources = [*topics, list(draw(PERSON))]
    messages = []
    while any(sources):
        messages.append(draw(st.sampled_from([one for one in sources if one])).pop(0))
    return messages


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


def _check_order(news: tuple[News, ...], kinds: list[str]) -> None:
    keys = [one.key for one in news]
    asked = [keys.index(kind.partition(":")[2]) for kind in kinds]
    assert asked == sorted(asked)


def _check_causes(life: list[EventData], news: tuple[News, ...]) -> None:
    place = {one.event_id: number for number, one in enumerate(news)}
    told = [one for one in heard(*life) if one.id in place]
    for before, after in ((a, b) for i, a in enumerate(told) for b in told[i + 1 :]):
        same_topic = before.service == after.service
        led_to_it = (before.data.name, after.data.name) in {
            ("submitted", after.data.name),
            ("registered", "handed_over"),
        } or (after.data.name == "registered" and before.data.name == "accepted")
        if same_topic or led_to_it:
            assert place[before.id] < place[after.id]


@settings(max_examples=500, deadline=None)
@given(st.data())
def test_given_any_life_and_any_answers_then_each_step_is_told_at_most_once_and_ends(data):
    life, notifier = data.draw(legal_lives()), Notifier()

    for message in data.draw(woven(life)):
        notifier.hears(message)
        _check_each_moment(notifier)
        while notifier.open and data.draw(st.booleans()):
            _answer(notifier, data.draw)
            _check_each_moment(notifier)
    notifier.answers_all()

    news = notifier.state.news
    told = [one for one in notifier.events if not isinstance(one, PortalInformed)]
    informed = [one for one in notifier.events if isinstance(one, PortalInformed)]
    due = [one.event_id for one in news if one.citizen != "silent"]
    assert notifier.state.early == ()
    late = [one for one in news if one.step == "resubmitted" and one.final]
    assert len(news) - len(late) == sum(step_of(one) is not None for one in life)
    assert len(late) <= sum(isinstance(one, Resubmitted) for one in life)
    assert Counter(one.about for one in told) == Counter(due)
    assert max(Counter(one.about for one in informed).values(), default=0) <= 1
    assert all(one.portal in ("informed", "abandoned", "silent") for one in news)
    _check_causes(life, news)
    _check_order(news, notifier.kinds("citizen"))
    _check_order(news, notifier.kinds("portal"))
    assert notifier.kinds("portal") == [f"portal:{x.key}" for x in news if x.portal != "silent"]


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_given_any_life_in_any_order_then_the_portal_is_led_by_legal_steps_alone(data):
    rows = {row.code: row for row in KNOWN.statuses}
    notifier = Notifier(*data.draw(woven(data.draw(legal_lives())))).answers_all()

    led: list[int] = []
    for one in callbacks(notifier):
        led += one.passed
        assert led[-1] == one.status
    assert led[0] == 1
    assert all(after in rows[before].next for before, after in pairwise(led))


@settings(max_examples=300, deadline=None)
@given(legal_lives())
def test_given_a_life_heard_as_it_happened_then_all_of_it_is_told_and_no_status_is_missed(life):
    notifier = Notifier(CONTACT, *heard(*life)).answers_all()

    led = tuple(status for one in callbacks(notifier) for status in one.passed)
    steps = [step for one in life if (step := step_of(one)) is not None]
    news = [one for one in notifier.state.news if not (one.step == "resubmitted" and one.final)]
    assert led == statuses(life, KNOWN)
    told = [step for step in steps if step != "handed_over"]
    assert [one.step for one in news if one.citizen == "told"] == told
