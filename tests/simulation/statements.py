"""Which statement means what: by its exact text, so that a changed one is never misread."""

import difflib
import hashlib
from collections.abc import Awaitable, Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.simulation.client import Connection
    from tests.simulation.server import Transaction

    Handler = Callable[..., Awaitable[list["Record"]]]

_HANDLERS: dict[str, "Handler"] = {}
_BY_RAW_TEXT: dict[str, "Handler"] = {}


class UnknownStatement(BaseException):
    """The core says something the double does not know; no code of the core may swallow this."""


class Record(Mapping[str, Any]):
    """A row as asyncpg gives it: read by name, iterated by value."""

    __slots__ = ("_values",)

    def __init__(self, **values: Any) -> None:
        self._values = values

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[Any]:
        return iter(self._values.values())

    def __len__(self) -> int:
        return len(self._values)


def normal(sql: str) -> str:
    """Return the statement with single spaces."""
    return " ".join(sql.split())


def digest(sql: str) -> str:
    """Return what a handler is pinned to: eight hex digits of the normal text's hash."""
    return hashlib.sha256(normal(sql).encode()).hexdigest()[:8]


def on(sql: str, pin: str | None = None) -> "Callable[[Handler], Handler]":
    """Register what a statement does.

    A statement taken from the core by name is pinned to the text the handler was written for.
    """

    def register(handler: "Handler") -> "Handler":
        if pin in (None, digest(sql)):
            _HANDLERS[normal(sql)] = handler
        return handler

    return register


def handler_of(sql: str) -> "Handler":
    """Return what the statement does; raises UnknownStatement with what comes closest."""
    handler = _BY_RAW_TEXT.get(sql)
    if handler is None:
        handler = _HANDLERS.get(normal(sql))
        if handler is None:
            close = difflib.get_close_matches(normal(sql), _HANDLERS, 1, 0.3)
            raise UnknownStatement(
                f"no handler for ({digest(sql)}):\n  {normal(sql)}\nclosest known:\n  {close}"
            )
        _BY_RAW_TEXT[sql] = handler
    return handler


async def nothing(_: "Connection", __: "Transaction", *___: Any) -> list[Record]:
    """Do nothing."""
    return []
