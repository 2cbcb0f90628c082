"""Bytes that are no event of ours: a constant reason, and nothing of them in the exception."""

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError

import contracts
from contracts.envelope import MalformedEvent, decode
from contracts.events import BookText
from contracts.forms import PersonalNumber
from contracts.model import DossierCode, ProcedureCode, ProvinceCode, UnitCode

FOLDER = Path(contracts.__file__).parent / "samples"
SECRET = "Nguyễn Thị Bí Mật 000199000001"


def document(name: str = "accepted") -> dict[str, Any]:
    document: dict[str, Any] = json.loads(
        (FOLDER / f"vn.hotich.dossier.{name}.v1.json").read_text()
    )
    return document


def changed(**changes: Any) -> bytes:
    return json.dumps(document() | changes, ensure_ascii=False).encode()


def with_data(**changes: Any) -> bytes:
    return changed(data=document()["data"] | changes)


def without(key: str) -> bytes:
    return json.dumps({k: v for k, v in document().items() if k != key}).encode()


NOT_JSON = json.dumps(document()).encode()[:-1]
REFUSED = {
    "an unknown attribute": (changed(citizen=SECRET), "schema_violation"),
    "an unknown field": (with_data(full_name=SECRET), "schema_violation"),
    "a text for a number": (changed(sequence=SECRET), "schema_violation"),
    "a list for a text": (with_data(unit_code=[SECRET]), "schema_violation"),
    "a sequence of zero": (changed(sequence=0), "schema_violation"),
    "a time without an offset": (changed(time="2026-11-24T08:00:00"), "schema_violation"),
    "a time that is none": (changed(time=SECRET), "schema_violation"),
    "another service's source": (changed(source="/hotich/intake"), "schema_violation"),
    "a source of nobody": (changed(source=SECRET), "schema_violation"),
    "another version of CloudEvents": (changed(specversion="0.3"), "schema_violation"),
    "data of another type": (changed(data={"note": SECRET}), "schema_violation"),
    "no data": (without("data"), "schema_violation"),
    "no id": (without("id"), "schema_violation"),
    "data that is null": (changed(data=None), "schema_violation"),
    "a list": (json.dumps([SECRET]).encode(), "schema_violation"),
    "a text": (json.dumps(SECRET).encode(), "schema_violation"),
    "null": (b"null", "schema_violation"),
    "an unknown type": (changed(type="vn.hotich.dossier.burnt.v1"), "unknown_event_type"),
    "another version of a type": (
        changed(type="vn.hotich.dossier.accepted.v2"),
        "unknown_event_type",
    ),
    "a type that is a person": (changed(type=SECRET), "unknown_event_type"),
    "a type that is a number": (changed(type=5), "unknown_event_type"),
    "no type": (without("type"), "unknown_event_type"),
    "nothing": (b"", "json_invalid"),
    "half a document": (NOT_JSON, "json_invalid"),
    "words": (SECRET.encode(), "json_invalid"),
    "bytes that are not UTF-8": (changed().replace(b"26740", b"\xff6740"), "json_invalid"),
    "UTF-16": (changed(citizen=SECRET).decode().encode("utf-16"), "json_invalid"),
    "more brackets than anyone means": (b"[" * 100_000, "json_invalid"),
}


@pytest.mark.parametrize(("body", "reason"), REFUSED.values(), ids=REFUSED.keys())
def test_it_is_refused_for_a_constant_reason_that_quotes_nothing(body: bytes, reason: str) -> None:
    with pytest.raises(MalformedEvent) as caught:
        decode(body)

    error = caught.value
    assert error.reason == reason
    said = f"{error} {error!r} {error.args} {error.problems} {error.__cause__} {error.__context__}"
    for word in (SECRET, *SECRET.split(), "burnt", SECRET.encode().decode("latin-1")):
        assert word not in said
    assert {key for problem in error.problems for key in problem} <= {"field", "rule"}


def test_every_problem_is_named_at_once() -> None:
    body = with_data(unit_code="1", procedure_code=SECRET)

    with pytest.raises(MalformedEvent) as caught:
        decode(body)

    kind = "vn.hotich.dossier.accepted.v1.data"
    assert caught.value.problems == [
        {"field": f"{kind}.unit_code", "rule": "string_pattern_mismatch"},
        {"field": f"{kind}.procedure_code", "rule": "string_pattern_mismatch"},
    ]


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (UnitCode, "26740"),
        (ProvinceCode, "79"),
        (ProcedureCode, "1.001193"),
        (DossierCode, "H29.26740-261124-0001"),
        (PersonalNumber, "000199000001"),
    ],
)
def test_only_the_ten_digits_of_ascii_are_digits(kind: Any, value: str) -> None:
    arabic = value.translate({ord(str(n)): chr(0x660 + n) for n in range(10)})

    assert TypeAdapter(kind).validate_python(value) == value
    for other in (arabic, value + "\n", " " + value):
        with pytest.raises(ValidationError):
            TypeAdapter(kind).validate_python(other)


@pytest.mark.parametrize("text", ["", "x" * 41, "quyển số 1\n", "a;b"])
def test_a_book_has_one_to_forty_letters_digits_and_few_signs(text: str) -> None:
    book = TypeAdapter(BookText)

    assert book.validate_python("quyển_1/2026-ĐKKS.") == "quyển_1/2026-ĐKKS."
    assert book.validate_python("Đ" * 40) == "Đ" * 40
    with pytest.raises(ValidationError):
        book.validate_python(text)
