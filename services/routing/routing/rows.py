"""A case as a row: columns for what is asked for, one document for the rest."""

from collections.abc import Container, Mapping, Sequence
from dataclasses import MISSING, fields
from datetime import date
from typing import Annotated, Any, get_type_hints

from pydantic import BaseModel, ConfigDict, PlainSerializer, PlainValidator, create_model
from pydantic import Field as PydanticField

from contracts.events import EVENTS, EventData
from contracts.model import local_day
from contracts.particulars import Particulars
from routing.domain import Case, Issued

#: Fields of a case that have a column of their own.
COLUMNS = (
    "dossier_id",
    "code",
    "status",
    "unit_code",
    "procedure_code",
    "papers",
    "submitted_at",
    "counted",
)
_APART = {*COLUMNS, "particulars", "erased"}
_EVENT_OF: dict[str, type[EventData]] = {data.name: data for data in EVENTS}


def _model_of(kind: type, apart: Container[str], own: Mapping[str, Any]) -> type[BaseModel]:
    """Return what writes and reads the fields of a dataclass; `own` has other types for some.

    A new field of the dataclass is kept without a word here.
    """
    hints = get_type_hints(kind)
    shape: dict[str, Any] = {
        one.name: (own.get(one.name, hints[one.name]), _first_value(one))
        for one in fields(kind)
        if one.name not in apart
    }
    # A field of a later release is left out by an earlier one that runs beside it.
    config = ConfigDict(extra="ignore", hide_input_in_errors=True)
    return create_model(kind.__name__, __config__=config, **shape)


def _first_value(one: Any) -> Any:
    if one.default_factory is not MISSING:
        return PydanticField(default_factory=one.default_factory)
    return ... if one.default is MISSING else one.default


def _values(model: type[BaseModel], of: object) -> dict[str, Any]:
    return {name: getattr(of, name) for name in model.model_fields}


_ISSUED = _model_of(Issued, {"data"}, {})


def _write_issued(issued: Sequence[Issued]) -> list[dict[str, Any]]:
    return [
        _ISSUED.model_construct(**_values(_ISSUED, one)).model_dump(
            mode="json", exclude_defaults=True
        )
        | {
            "event": one.data.name,
            "data": one.data.model_dump(mode="json", exclude_none=True),
        }
        for one in issued
    ]


def _read_issued(rows: Sequence[dict[str, Any]]) -> tuple[Issued, ...]:
    return tuple(
        Issued(
            data=_EVENT_OF[row["event"]].model_validate(row["data"]),
            **_values(_ISSUED, _ISSUED.model_validate(row)),
        )
        for row in rows
    )


_REST = _model_of(
    Case,
    _APART,
    {
        "issued": Annotated[
            tuple[Issued, ...], PlainValidator(_read_issued), PlainSerializer(_write_issued)
        ]
    },
)


def mapped_on(case: Case) -> date | None:
    """Return the day whose map the case's unit code is of; None before it was submitted."""
    if case.unit_on is not None or case.submitted_at is None:
        return case.unit_on
    return local_day(case.submitted_at)


def write_rest(case: Case) -> str:
    """Return the fields without a column as JSON; those with their first value are left out."""
    document = _REST.model_construct(**_values(_REST, case))
    return document.model_dump_json(exclude_defaults=True)


def read_case(row: Any, particulars: Particulars | None) -> Case:
    """Return the case of a row with the columns COLUMNS, `rest` and `erased`."""
    rest = _REST.model_validate_json(row["rest"])
    return Case(
        **{name: row[name] for name in COLUMNS if name != "papers"},
        papers=tuple(row["papers"]),
        particulars=particulars,
        erased=row["erased"],
        **_values(_REST, rest),
    )
