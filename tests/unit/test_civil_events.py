"""What makes two submissions be about the same birth, marriage or death."""

import copy
import unicodedata

import pytest

import reference
from contracts.portal import Submission
from intake.civil_events import Marks, events_in
from plumbing.sealing import KeyRing
from routing.domain import Accept
from tests.unit.intake_kit import a_birth, a_change, a_death, a_marriage
from tests.unit.routing_kit import THURSDAY, a_dossier, at, by_machine, done, heard, names

KNOWN = reference.load()
ONE, TWO = bytes(range(32)), bytes(range(1, 33))


def of(document):
    return events_in(Submission.model_validate(document), KNOWN)


def same(one, other):
    """Return whether they are taken for one event, whichever comes first."""
    first, second = of(one), of(other)
    found = bool(set(first.left) & set(second.sought))
    assert found == bool(set(second.left) & set(first.sought))
    return found


def a_birth_of(name="Nguyễn Thử Nghiệm Con", born_on="2026-11-20", mother=None):
    document = copy.deepcopy(a_birth())
    document["form"]["child"] |= {"full_name": name, "born_on": born_on}
    document["form"]["mother"] |= mother or {}
    return document


def test_given_the_same_birth_written_otherwise_then_it_is_the_same_event():
    again = a_birth_of("  nguyễn  THỬ nghiệm con ") | {"portal_reference": "OTHER"}

    assert same(again, a_birth_of())


@pytest.mark.parametrize(
    ("one", "other"),
    [("Lê Hoà Thuỷ", "Lê Hòa Thủy"), ("Khoẻ", "KHỎE"), ("Loé Uỵch", "Lóe Ụych")],
)
def test_given_a_tone_that_stands_elsewhere_then_it_is_the_same_name(one, other):
    decomposed = unicodedata.normalize("NFD", other)

    assert same(a_birth_of(one), a_birth_of(other))
    assert same(a_birth_of(one), a_birth_of(decomposed))


@pytest.mark.parametrize("other", ["Lê Hoa", "Lê Hoá", "Lê Hoã", "Lê Hỏa", "Le Hòa", "Lễ Hoa"])
def test_given_another_tone_or_letter_then_it_is_another_name(other):
    assert not same(a_birth_of("Lê Hòa"), a_birth_of(other))


@pytest.mark.parametrize(
    "other",
    [
        a_birth_of("Nguyễn Thử Nghiệm Em"),
        a_birth_of(born_on="2026-11-19"),
        a_birth_of(mother={"personal_number": "000196112649"}),
    ],
)
def test_given_a_twin_another_day_or_another_mother_then_it_is_another_birth(other):
    assert not same(other, a_birth_of())


def test_given_a_number_in_one_form_and_none_in_the_other_then_it_is_the_same_birth():
    assert same(a_birth_of(), a_birth_of(mother={"personal_number": None}))
    assert same(a_birth_of(), a_birth_of(mother={"full_name": "Viết Khác"}))
    nameless = a_birth_of(mother={"personal_number": None, "full_name": "Viết Khác"})
    assert not same(a_birth_of(), nameless)


def without_parents(document):
    submission = Submission.model_validate(document)
    alone = submission.form.model_copy(update={"mother": None})
    return events_in(submission.model_copy(update={"form": alone}), KNOWN)


def test_given_no_parents_then_the_birthplace_tells_the_child():
    elsewhere, abroad, described = a_birth_of(), a_birth_of(), a_birth_of()
    elsewhere["form"]["child"]["birthplace_unit_code"] = "25750"
    abroad["form"]["child"] |= {
        "birthplace_unit_code": None,
        "birthplace_abroad": {"country": "LA", "detail": "Viêng Chăn"},
    }
    described["form"]["child"] |= {"birthplace_unit_code": None, "birthplace_detail": "Ở nhà"}
    births = [without_parents(one) for one in (a_birth_of(), elsewhere, abroad, described)]

    assert without_parents(a_birth_of()) == births[0]
    assert all(len(one.left) == 1 and one.left == one.sought for one in births)
    assert len({one.left for one in births}) == 4


def test_given_one_parent_in_common_then_it_is_the_same_birth():
    father = {"full_name": "Trần Văn Thử", "born_on": "1990-01-01", "ethnicity": "Kinh"}
    father |= {"nationality": "VN", "personal_number": "000090000001"}
    first = a_birth_of()
    first["form"]["father"] = father
    second = a_birth_of(mother={"personal_number": None, "full_name": "Viết Khác"})
    second["form"]["father"] = father

    assert same(first, second)


def test_given_a_marriage_then_who_is_named_first_does_not_matter():
    wedding = a_marriage({}, {})
    turned = copy.deepcopy(wedding)
    form = turned["form"]
    form["groom"], form["bride"] = form["bride"], form["groom"]

    assert same(wedding, turned)


@pytest.mark.parametrize(
    "changes",
    [
        ({"personal_number": None}, {}),
        ({}, {"personal_number": None}),
        ({"personal_number": None}, {"personal_number": None}),
        ({"personal_number": None}, {"full_name": "Viết Khác"}),
    ],
)
def test_given_a_marriage_in_which_someone_leaves_out_a_number_then_it_is_the_same(changes):
    assert same(a_marriage({}, {}), a_marriage(*changes))


def test_given_one_party_who_is_another_then_it_is_another_marriage():
    assert not same(a_marriage({}, {}), a_marriage({}, {"personal_number": "000196112649"}))


def test_given_a_death_then_the_deceased_alone_counts():
    first, second = a_death("1950-01-01", "2026-11-20"), a_death("1950-01-01", "2026-11-21")

    assert same(first, second)


def numbered(document, number):
    document["form"]["deceased"]["personal_number"] = number
    return document


def test_given_a_number_left_out_then_it_is_the_same_death_and_another_number_is_another():
    def death():
        return a_death("1950", "2026-11-20")

    first, second = numbered(death(), "000050000001"), numbered(death(), "000050000002")

    assert same(first, death())
    assert same(second, death())
    assert not same(first, second)


@pytest.mark.parametrize(
    "document",
    [a_change("correction", "given_name"), a_birth_of() | {"procedure_code": "1.004884"}],
    ids=["a correction", "a birth registered again"],
)
def test_given_what_may_come_again_then_no_event_is_named(document):
    assert of(document) == Marks()


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
