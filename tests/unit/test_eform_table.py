"""Every field of every form has an exchange name, and stands in the table of the documents."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo

from contracts.applicant import Applicant
from contracts.forms import Form
from contracts.particulars import Particulars
from registry_sync.eform import COMMON, FIELDS_OF_FORM, exchange_form
from registry_sync.eform.fields import Field, leaves

ROOT = Path(__file__).parents[2]
MODELS: dict[str, type[BaseModel]] = {
    get_args(one.model_fields["kind"].annotation)[0]: one for one in get_args(get_args(Form)[0])
}
KINDS = sorted(set(MODELS) - {"legacy"})


def parts(kind: Any) -> Iterator[tuple[str, type[BaseModel]]]:
    """Yield the models in an annotation, with `[]` for the members of a list."""
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        yield "", kind
        return
    origin = get_origin(kind)
    mark = "[]" if origin is tuple else ""
    if origin in (tuple, Union, UnionType, Annotated):
        for one in get_args(kind):
            if one not in (NoneType, Ellipsis):
                yield from ((mark + inner, model) for inner, model in parts(one))


def fields(model: type[BaseModel], path: str) -> Iterator[str]:
    """Yield the path of every field that holds a value."""
    for name, info in model.model_fields.items():
        within = list(parts(info.annotation))
        for mark, part in within:
            yield from fields(part, f"{path}.{name}{mark}")
        if not within:
            yield f"{path}.{name}"


def mapped(kind: str) -> list[Field]:
    """Return the fields of the mapping of a form, with what all forms have."""
    return [*leaves(COMMON), *leaves(FIELDS_OF_FORM[kind])]


def rows() -> list[tuple[str, ...]]:
    """Return the rows of the first table of the document."""
    text = (ROOT / "docs" / "exchange-fields.md").read_text("utf-8").partition("\n## ")[0]
    found = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")]
    return [
        tuple(cell.strip("`") if i in (1, 3) else cell for i, cell in enumerate(row))
        for row in found[1:]
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_every_field_of_a_form_has_an_exchange_name_and_every_name_a_field(kind: str) -> None:
    wanted = {*fields(MODELS[kind], "form"), *fields(Applicant, "applicant")}

    # The register is not told in which language the applicant is written to.
    assert {field.path for field in mapped(kind)} == wanted - {"form.kind", "applicant.language"}


@pytest.mark.parametrize("kind", KINDS)
def test_no_two_fields_of_a_form_share_a_name(kind: str) -> None:
    names = [field.name for field in mapped(kind)]

    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-zA-Z]+(\[\])?(\.[a-zA-Z]+)?", name) for name in names)


def test_the_table_of_the_documents_is_the_mapping() -> None:
    wanted = {
        (field.group, field.name, field.english, field.path, field.confidence)
        for kind in KINDS
        for field in mapped(kind)
    }

    assert set(rows()) == wanted
    assert len(rows()) == len(wanted)


#: What some field takes: the first that a field takes is its value.
CANDIDATES = (
    "1990-01-01",
    "000190000001",
    "26740",
    "760",
    "79",
    "VN",
    "23:59",
    "+84900000001",
    "thu@example.org",
    1,
    True,
    "Thử",
)


def complete(kind: Any) -> Any:
    """Return a document of a model in which every field has a value, in JSON."""
    within = list(parts(kind.annotation if isinstance(kind, FieldInfo) else kind))
    if within:
        mark, model = within[0]
        made = {name: complete(info) for name, info in model.model_fields.items()}
        return [made, made] if mark else made
    text = str(kind.annotation)
    literals = re.findall(r"'([a-z_]+)'", text) if "Literal" in text else []
    adapter = TypeAdapter[Any](Annotated[kind.annotation, kind, *kind.metadata])
    for value in (*literals, *CANDIDATES):
        try:
            adapter.validate_json(json.dumps(value), strict=True)
        except ValidationError:
            continue
        return value
    raise AssertionError(kind)


def value_at(document: Any, path: str) -> Any:
    """Return what stands under a path of a document; `[]` takes the second member of a list."""
    for step in path.split("."):
        name = step.removesuffix("[]")
        document = document.get(name) if isinstance(document, dict) else None
        if step.endswith("[]") and document is not None:
            document = document[1]
    return document


@pytest.mark.parametrize("kind", KINDS)
def test_a_form_with_every_field_reaches_the_register_whole(kind: str) -> None:
    document = {
        "applicant": complete(Applicant),
        "notify_by": [],
        "form": complete(MODELS[kind]),
    }

    sent = exchange_form(Particulars.model_validate(document), "26740")

    assert [one.path for one in mapped(kind) if value_at(document, one.path) is None] == []
    assert [one.name for one in mapped(kind) if value_at(sent, one.name) in ("", None)] == []
