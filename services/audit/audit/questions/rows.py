"""Rows of answers, kept in the source's own database until they are counted or shown."""

from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Any, Self

import duckdb
import pyarrow as pa

_AT_ONCE = 4096


class Rows:
    """A table that is filled row by row; use it as a context, then ask it."""

    def __init__(self, base: duckdb.DuckDBPyConnection, name: str, schema: pa.Schema) -> None:
        self.base, self.name, self.schema = base, name, schema
        self._waiting: list[Sequence[Any]] = []
        self._insert(f"CREATE TABLE {name} AS SELECT * FROM arrived")

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Write what waits."""
        if error is None:
            self._insert(f"INSERT INTO {self.name} SELECT * FROM arrived")

    def add(self, *values: Any) -> None:
        """Add a row; its values are in the order of the schema."""
        self._waiting.append(values)
        if len(self._waiting) >= _AT_ONCE:
            self._insert(f"INSERT INTO {self.name} SELECT * FROM arrived")

    def ask(self, query: str, **places: Any) -> Iterator[tuple[Any, ...]]:
        """Yield the rows of a query over the table, which it calls by its name."""
        answer = self.base.cursor().execute(query, places or None)
        while rows := answer.fetchmany(_AT_ONCE):
            yield from rows

    def _insert(self, query: str) -> None:
        self.base.register("arrived", table_of(self._waiting, self.schema))
        self.base.execute(query)
        self.base.unregister("arrived")
        self._waiting = []


def table_of(rows: Sequence[Sequence[Any]], schema: pa.Schema) -> pa.Table:
    """Return rows as a table of that schema."""
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    arrays = [pa.array(list(column), one.type) for column, one in zip(columns, schema, strict=True)]
    return pa.table(arrays, schema=schema)
