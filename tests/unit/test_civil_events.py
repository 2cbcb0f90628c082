"""What makes two submissions be about the same birth, marriage or death."""

import copy

import pytest

import reference
from contracts.portal import Submission
from intake.civil_events import events_in
from plumbing.sealing import KeyRing
from routing.domain import Accept
from tests.unit.intake_kit import a_birth, a_change, a_death, a_marriage
from tests.unit.routing_kit import THURSDAY, a_dossier, at, by_machine, done, heard, names

KNOWN = reference.load()
ONE, TWO = bytes(range(32)), bytes(range(1, 33))


def of(document):
    return set(events_in(Submission.model_validate(document), KNOWN))


def a_birth_of(name="Nguyễn Thử Nghiệm Con", born_on="2026-11-20", mother=None):
    document = copy.deepcopy(a_birth())
    document["form"]["child"] |= {"full_name": name, "born_on": born_on}
    document["form"]["mother"] |= mother or {}
    return document


def test_given_the_same_birth_written_otherwise_then_it_is_the_same_event():
    again = a_birth_of("  nguyễn  THỬ nghiệm con ") | {"portal_reference": "OTHER"}

    assert of(again) == of(a_birth_of()) != set()


@pytest.mark.parametrize(
    "other",
    [
        a_birth_of("Nguyễn Thử Nghiệm Em"),
        a_birth_of(born_on="2026-11-19"),
        a_birth_of(mother={"personal_number": "000196112649"}),
    ],
)
def test_given_a_twin_another_day_or_another_mother_then_it_is_another_birth(other):
    assert of(other).isdisjoint(of(a_birth_of()))


def test_given_one_parent_in_common_then_it_is_the_same_birth():
    father = {"full_name": "Trần Văn Thử", "born_on": "1990-01-01", "ethnicity": "Kinh"}
    father |= {"nationality": "VN", "personal_number": "000090000001"}
    first = a_birth_of()
    first["form"]["father"] = father
    second = a_birth_of(mother={"personal_number": None, "full_name": "Viết Khác"})
    second["form"]["father"] = father

    assert of(first) & of(second)


def test_given_a_marriage_then_who_is_named_first_does_not_matter():
    wedding = a_marriage({}, {})
    turned = copy.deepcopy(wedding)
    form = turned["form"]
    form["groom"], form["bride"] = form["bride"], form["groom"]

    assert of(wedding) == of(turned) != set()


def test_given_a_death_then_the_deceased_alone_counts():
    first, second = a_death("1950-01-01", "2026-11-20"), a_death("1950-01-01", "2026-11-21")

    assert of(first) == of(second) != set()


@pytest.mark.parametrize(
    "document",
    [a_change("correction", "given_name"), a_birth_of() | {"procedure_code": "1.004884"}],
    ids=["a correction", "a birth registered again"],
)
def test_given_what_may_come_again_then_no_event_is_named(document):
    assert of(document) == set()


def test_given_a_new_key_then_what_the_old_one_marked_is_still_found():
    before, after = KeyRing("k1", {"k1": ONE}), KeyRing("k2", {"k1": ONE, "k2": TWO})

    assert before.blind(b"x", "p")[0] in after.blind(b"x", "p")
    assert after.blind(b"x", "p")[0] not in before.blind(b"x", "p")
    assert set(before.blind(b"x", "p")).isdisjoint(before.blind(b"x", "q"))


def test_given_the_same_event_as_another_then_no_machine_receives_it_and_an_officer_may():
    data = a_dossier(flags=("same_event",), same_event_as=("H29.26740-261124-0001",))

    decision = done(heard(data, at(THURSDAY)), None, by_machine())

    assert names(decision) == ["routed"]
    assert decision.state.same_event_as == ("H29.26740-261124-0001",)
    by_hand = done(Accept("officer-1"), decision.state, by_machine())
    assert names(by_hand) == ["accepted"]
