"""One sample of every document ever published: it decodes for ever and keeps its bytes."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from pydantic import BaseModel

import contracts
from contracts.envelope import GENESIS, MODELS, Envelope, decode, encode, event_id, sha256
from contracts.events import EVENTS
from contracts.generate import SCHEMAS, schema_of
from contracts.particulars import Particulars, ParticularsRecord
from plumbing.sealing import KeyRing, Sealed, particulars_purpose

FOLDER = Path(contracts.__file__).parent / "samples"
SAMPLES = sorted(FOLDER.glob("*.json"))
EVENT_SAMPLES = [path for path in SAMPLES if path.stem.startswith("vn.hotich.dossier.")]


def model_of(path: Path) -> type[BaseModel]:
    """Return the model of a sample: its file is named for its schema, and maybe a variant."""
    return SCHEMAS.get(path.stem) or SCHEMAS[path.stem.rpartition(".")[0]]


def by_name(paths: list[Path]) -> list[Any]:
    return [pytest.param(path, id=path.stem) for path in paths]


def events() -> list[Envelope]:
    return [decode(path.read_bytes()) for path in EVENT_SAMPLES]


@pytest.mark.parametrize("path", by_name(SAMPLES))
def test_a_sample_decodes_and_encodes_again_to_an_equal_document(path: Path) -> None:
    model = model_of(path)

    decoded = model.model_validate_json(path.read_bytes())

    again = decoded.model_dump_json(exclude_none=True, exclude_unset=True)
    assert json.loads(again) == json.loads(path.read_bytes())
    assert model.model_validate_json(again) == decoded


@pytest.mark.parametrize("path", by_name(SAMPLES))
def test_a_sample_is_valid_by_its_schema(path: Path) -> None:
    schema = schema_of(model_of(path))

    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema, format_checker=FormatChecker())
    assert list(validator.iter_errors(json.loads(path.read_bytes()))) == []


@pytest.mark.parametrize("data", EVENTS)
def test_every_event_type_has_a_sample_and_it_decodes_to_that_type(data: type) -> None:
    event = decode((FOLDER / f"{data.event_type()}.json").read_bytes())

    assert type(event) is MODELS[data]
    assert type(event.data) is data
    assert (event.type, event.service) == (data.event_type(), data.service)


def test_every_schema_has_a_sample_and_every_sample_a_schema() -> None:
    sampled = {model_of(path) for path in SAMPLES}

    assert sampled == set(SCHEMAS.values())


def test_the_samples_of_one_dossier_and_service_are_a_chain_of_these_exact_bytes() -> None:
    by_place = {(e.dossierid, e.service, e.sequence): sha256(encode(e)) for e in events()}

    followed = 0
    for event in events():
        before = by_place.get((event.dossierid, event.service, event.sequence - 1))
        if event.sequence == 1 or before is not None:
            assert event.prevhash == (before or GENESIS)
            followed += 1
        assert event.id == event_id(event.dossierid, event.service, event.sequence)
    assert followed > len(EVENTS) // 2


def test_the_sealed_sample_opens_to_the_sample_of_a_birth() -> None:
    keys = KeyRing("sample", {"sample": b"a key for one sample and no more"})
    record = ParticularsRecord.model_validate_json(
        (FOLDER / "particulars_record.json").read_bytes()
    )

    sealed = Sealed(record.kid, record.nonce, record.ciphertext)
    plain = keys.open(sealed, particulars_purpose(record.dossierid, record.version))

    expected = (FOLDER / "particulars.birth.json").read_bytes()
    assert Particulars.model_validate_json(plain) == Particulars.model_validate_json(expected)
    submitted = decode((FOLDER / "vn.hotich.dossier.submitted.v1.json").read_bytes())
    assert submitted.data.particulars.sha256 == sha256(record.ciphertext)  # type: ignore[attr-defined]


def test_no_sample_of_an_event_holds_a_persons_data() -> None:
    birth = json.loads((FOLDER / "particulars.birth.json").read_bytes())
    child, applicant = birth["form"]["child"], birth["applicant"]

    for path in EVENT_SAMPLES:
        text = path.read_text("utf-8")
        for value in (child["full_name"], child["born_on"], *applicant.values()):
            assert value not in text
