"""A dossier told once more to the rules: the same comes out, in one of the possible orders."""

import os
from dataclasses import replace
from datetime import timedelta
from typing import Any

from contracts.decision import ParticularsArrived
from contracts.envelope import GENESIS, Cause, Envelope, Head, decode, extend
from contracts.events import Submitted
from plumbing.sealing import KeyRing
from tests.chaos.campaign.heard import Heard, heard_event
from tests.chaos.campaign.replayed import Replayed, parts, same
from tests.chaos.campaign.replaying import Story, compare
from tests.unit.builders import A_CODE, A_DOSSIER, NOW, SOME_HASH, a_submission, some_particulars
from tests.unit.builders import an_event as an_envelope
from tests.unit.chaos_kit import an_acceptance
from tests.unit.routing_kit import registered as a_registered


def a_replay(service: str = "routing") -> Replayed:
    keys = KeyRing("k", {"k": os.urandom(32)})
    return Replayed(service, parts(keys, "")[service], {})


def published(events: list[Any], cause: Envelope) -> list[Envelope]:
    """Return the events as the one-stop put them on its topic."""
    head, found = Head(A_DOSSIER, A_CODE, 0, GENESIS), []
    for data in events:
        body, _, head = extend(head, data, Cause(str(cause.id), SOME_HASH), cause.time)
        found.append(decode(body))
    return found


def what_routing_made_of(order: list[Heard]) -> tuple[Any, list[Envelope]]:
    replayed = a_replay()
    empty = replayed.part.store.new(A_DOSSIER, A_CODE)
    state, events = replayed.tell(empty, order, [])
    return state, published(events, order[0].message)


def a_story(order: list[Heard]) -> Story:
    story = Story()
    for one in order:
        story.heard[one.message.service][one.number] = one
    return story


def test_the_same_messages_give_the_same_state_and_words():
    order = [heard_event(an_envelope(a_submission()), 1)]
    kept, said = what_routing_made_of(order)

    assert [one.data.name for one in said] == ["routed", "accepted"]
    assert compare(a_replay(), kept, a_story(order), said, 1) == ""


def test_another_state_is_named_by_its_fields():
    order = [heard_event(an_envelope(a_submission()), 1)]
    kept, said = what_routing_made_of(order)
    doubled = kept.but(trail=(*kept.trail, kept.trail[-1]))

    assert compare(a_replay(), doubled, a_story(order), said, 99) == "other trail"


def test_another_word_is_named():
    order = [heard_event(an_envelope(a_submission()), 1)]
    kept, said = what_routing_made_of(order)

    why = compare(a_replay(), kept, a_story(order), said[:1], 99)

    assert why == "said ['routed'], again ['routed', 'accepted']"


def test_a_race_is_no_difference_when_one_of_its_orders_gives_what_is_kept():
    submitted = heard_event(an_envelope(a_submission()), 5)
    registered = heard_event(an_envelope(a_registered()), 9)
    kept, said = what_routing_made_of([submitted, registered])
    # The broker of the register's topic has a clock that is behind.
    story = a_story([submitted, replace(registered, at_ms=1)])

    assert compare(a_replay(), kept, story, said, 0) != ""
    assert compare(a_replay(), kept, story, said, 99) == ""


def test_each_rule_lives_at_the_moment_of_the_event_it_led_to():
    message = an_envelope(a_submission())
    late = message.time + timedelta(hours=1)
    order = [heard_event(message, 1)]
    _, said = what_routing_made_of(order)
    said = [one.model_copy(update={"time": late}) for one in said]

    state, events = a_replay().tell(a_replay().part.store.new(A_DOSSIER, A_CODE), order, said)

    assert state.received_at == late
    assert isinstance(message.data, Submitted)
    assert events[1].received_at == late != NOW


def test_the_notifiers_words_to_citizen_and_portal_have_no_order():
    said = published([a_submission(), a_registered()], an_envelope(a_submission()))
    state = a_replay("notifier").part.store.new(A_DOSSIER, A_CODE)
    words = [one.data for one in reversed(said)]

    assert same("notifier", state, state, words, said) == ""
    assert same("routing", state, state, words, said) != ""


def test_the_registers_word_is_heard_where_registry_sync_passed_it_on():
    keys = KeyRing("k", {"k": os.urandom(32)})
    part = parts(keys, "")["registry-sync"]
    calls = {(str(A_DOSSIER), "push"): {"effect_id": "e", "kind": "push", "state": "DONE"}}
    replayed = Replayed("registry-sync", part, {k: v | {"reason": ""} for k, v in calls.items()})
    accepted = heard_event(an_envelope(an_acceptance()), 1)
    first, second = (a_version(number, at_ms=number) for number in (1, 2))
    word = heard_event(
        an_envelope(a_registered()).model_copy(update={"causeid": f"poll:{A_CODE}"}), 9
    )
    said = [word.message]
    empty = part.store.new(A_DOSSIER, A_CODE)
    late, _ = replayed.tell(empty, [accepted, first, second, word], said)
    early, _ = replayed.tell(empty, [accepted, first, word, second], said)

    assert (late.status, late.held_version) == ("registered", 2)
    assert (early.status, early.held_version) == ("registered", 1)
    story = Story()
    story.heard["routing"][1] = accepted
    story.heard["particulars"] = {1: first, 2: second}
    story.heard["registry-sync"][1] = word
    assert compare(replayed, early, story, said, 0) == "other held_version"
    assert compare(replayed, early, story, said, 99) == ""


def a_version(number: int, at_ms: int) -> Heard:
    message = ParticularsArrived(A_DOSSIER, number, SOME_HASH, some_particulars())
    return Heard(number, at_ms, message, f"particulars:{number}")
