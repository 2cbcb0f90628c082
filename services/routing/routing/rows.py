"""A case as a row: columns for what is asked for, one document for the rest."""

from collections.abc import Sequence
from dataclasses import fields
from datetime import date, datetime
from typing import Annotated, Any, get_type_hints

from pydantic import BaseModel, ConfigDict, PlainSerializer, PlainValidator, create_model

from contracts.events import EVENTS, EventData
from contracts.model import VIETNAM
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
)
_APART = {*COLUMNS, "particulars", "erased"}
_EVENT_OF: dict[str, type[EventData]] = {data.name: data for data in EVENTS}


def _write_issued(issued: Sequence[Issued]) -> list[dict[str, Any]]:
    return [
        {
            "key": one.key,
            "at": one.at.isoformat(),
            "event": one.data.name,
            "data": one.data.model_dump(mode="json", exclude_none=True),
        }
        for one in issued
    ]


def _read_issued(rows: Sequence[dict[str, Any]]) -> tuple[Issued, ...]:
    return tuple(
        Issued(
            row["key"],
            datetime.fromisoformat(row["at"]),
            _EVENT_OF[row["event"]].model_validate(row["data"]),
        )
        for row in rows
    )


_OWN_TYPES = {
    "issued": Annotated[
        tuple[Issued, ...], PlainValidator(_read_issued), PlainSerializer(_write_issued)
    ]
}


def _rest_model() -> type[BaseModel]:
    hints = get_type_hints(Case)
    shape: dict[str, Any] = {
        one.name: (_OWN_TYPES.get(one.name, hints[one.name]), one.default)
        for one in fields(Case)
        if one.name not in _APART
    }
    # A field of a later release is left out by an earlier one that runs beside it.
    config = ConfigDict(extra="ignore", hide_input_in_errors=True)
    return create_model("Rest", __config__=config, **shape)


_REST = _rest_model()


def mapped_on(case: Case) -> date | None:
    """Return the day whose map the case's unit code is of; None before it was submitted."""
    if case.unit_on is not None or case.submitted_at is None:
        return case.unit_on
    return case.submitted_at.astimezone(VIETNAM).date()


def write_rest(case: Case) -> str:
    """Return the fields without a column as JSON; those with their first value are left out."""
    document = _REST.model_construct(**{name: getattr(case, name) for name in _REST.model_fields})
    return document.model_dump_json(exclude_defaults=True)


def read_case(row: Any, particulars: Particulars | None) -> Case:
    """Return the case of a row with the columns COLUMNS, `rest` and `erased`."""
    rest = _REST.model_validate_json(row["rest"])
    return Case(
        **{name: row[name] for name in COLUMNS if name != "papers"},
        papers=tuple(row["papers"]),
        particulars=particulars,
        erased=row["erased"],
        **{name: getattr(rest, name) for name in _REST.model_fields},
    )
