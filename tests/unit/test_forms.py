"""The forms: old documents stay valid, the samples are whole, nothing passes unread."""

import json
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import TypeAdapter, ValidationError

import contracts
from contracts.forms import BirthForm, CitizenForm, Form
from contracts.particulars import Particulars

FOLDER = Path(contracts.__file__).parent / "samples"
SAMPLES = {
    path.stem.partition(".")[2]: json.loads(path.read_text("utf-8"))
    for path in sorted(FOLDER.glob("particulars.*.json"))
}
FORM: TypeAdapter[Any] = TypeAdapter(Form)
MODELS = {
    get_args(one.model_fields["kind"].annotation)[0]: one for one in get_args(get_args(Form)[0])
}
KINDS = {
    "birth",
    "birth_parent",
    "linked_birth",
    "marriage",
    "death",
    "marital_status",
    "change",
    "extract_copy",
    "legacy",
}


def form(name: str, **changes: Any) -> dict[str, Any]:
    """Return the form of a sample; `changes` replace members."""
    return SAMPLES[name]["form"] | changes


def problems(document: dict[str, Any]) -> list[tuple[str, str]]:
    try:
        FORM.validate_json(json.dumps(document), strict=True)
    except ValidationError as error:
        return [(".".join(map(str, one["loc"][1:])), one["type"]) for one in error.errors()]
    return []


def test_there_are_nine_kinds_and_each_has_a_sample():
    assert set(MODELS) == KINDS == {sample["form"]["kind"] for sample in SAMPLES.values()}


@pytest.mark.parametrize("kind", sorted(KINDS - {"legacy"}))
def test_a_citizens_form_asks_for_copies_a_requester_and_a_note(kind):
    assert issubclass(MODELS[kind], CitizenForm)


def test_the_fields_that_were_required_of_a_birth_are_enough():
    first = {
        "kind": "birth",
        "child": {
            "full_name": "Nguyễn Văn Bé",
            "sex": "male",
            "born_on": "2026-11-01",
            "birthplace_unit_code": "26737",
            "ethnicity": "Kinh",
            "nationality": "VN",
        },
        "mother": {
            "full_name": "Nguyễn Thị Thử",
            "born_on": "1990-01-01",
            "ethnicity": "Kinh",
            "nationality": "VN",
        },
        "relation": "mother",
    }

    made = FORM.validate_json(json.dumps(first), strict=True)

    assert isinstance(made, BirthForm)
    assert made.model_dump(mode="json", exclude_none=True) == first


@pytest.mark.parametrize("name", SAMPLES)
def test_a_sample_survives_the_way_through_json_and_memory(name):
    particulars = Particulars.model_validate(SAMPLES[name])

    again = Particulars.model_validate_json(particulars.model_dump_json())
    assert again == particulars
    assert Particulars.model_validate(particulars.model_dump(mode="json")) == particulars


@pytest.mark.parametrize(
    ("name", "path", "value", "problem"),
    [
        ("marriage", "groom.born_on", "1995", ("groom.born_on", "date_parsing")),
        ("birth", "child.born_on", "2026", ("child.born_on", "date_parsing")),
        ("death", "died_on", "20.11.2026", ("died_on", "partial_date_parsing")),
        ("death_notice", "died_at", "24:00", ("died_at", "string_pattern_mismatch")),
        ("death_notice", "notice.kind", "rumour", ("notice.kind", "literal_error")),
        ("change", "items", [], ("items", "too_short")),
        ("change", "matter", "wish", ("matter", "literal_error")),
        ("change", "ground", "", ("ground", "string_too_short")),
        ("legacy", "register_holds_form", False, ("register_holds_form", "literal_error")),
        ("extract_copy", "copies", None, ("copies", "int_type")),
        ("extract_copy", "copies", 0, ("copies", "greater_than_equal")),
        ("birth_abroad", "copies", 21, ("copies", "less_than_equal")),
        (
            "birth_parent",
            "recognition.proof.kind",
            "word",
            ("recognition.proof.kind", "literal_error"),
        ),
        (
            "linked_birth",
            "identity_card.delivery",
            "dove",
            ("identity_card.delivery", "literal_error"),
        ),
        ("birth_parent", "mother.paper.colour", "red", ("mother.paper.colour", "extra_forbidden")),
        ("marriage", "bride.status_lookup_asked", 1, ("bride.status_lookup_asked", "bool_type")),
    ],
)
def test_given_one_wrong_value_then_its_field_and_rule_are_named(name, path, value, problem):
    document = json.loads(json.dumps(form(name)))
    *way, last = path.split(".")
    part = document
    for step in way:
        part = part[step]
    part[last] = value

    assert problems(document) == [problem]


@pytest.mark.parametrize(
    ("name", "path", "value"),
    [
        ("birth", "mother.born_on", "1996"),
        ("birth", "mother.born_on", "1996-04"),
        ("birth", "father.born_on", "1950"),
        ("death", "deceased.born_on", "1938"),
        ("death", "died_on", "2026-11"),
        ("marital_status", "person.born_on", "1999"),
        ("change", "person.born_on", "1990-05"),
    ],
)
def test_given_a_date_the_law_lets_be_partial_then_it_is_taken(name, path, value):
    document = json.loads(json.dumps(form(name)))
    whole, _, last = path.rpartition(".")
    (document[whole] if whole else document)[last] = value

    assert problems(document) == []
