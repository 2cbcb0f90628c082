"""HTTP for the operator: import a file of dossiers that are under way on the old road."""

from collections.abc import Callable
from typing import Any, Final

from fastapi import FastAPI, Request
from starlette.requests import ClientDisconnect

from contracts.portal import FieldProblem
from intake.api import OPERATE, database_may_be_away, documented
from intake.importing.importing import CodesMoved, Importer, Wanted
from intake.importing.report import Report
from intake.importing.row_problems import RowProblem, UnreadableFile
from intake.importing.rows import MOST_BYTES
from plumbing.serving import ProblemRaised, authenticate
from plumbing.tokens import TokenVerifier

PATH: Final = "/v1/legacy-imports"
#: How much of a file nobody may send is still read, so that its sender sees the answer.
_MOST_SWALLOWED: Final = 2 * MOST_BYTES
_RECEIVE: Final = "intake.receive"
_FILE: Final = {"schema": {"type": "string", "format": "binary"}}
_XLSX: Final = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
_BODY: Final = {"required": True, "content": {"text/csv": _FILE, _XLSX: _FILE}}


class LargeFile:
    """Leaves the body of the import to its handler, past the limit that all others have."""

    def __init__(self, app: Any) -> None:
        self._app = app

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http" and scope["path"] == PATH:
            headers = [item for item in scope["headers"] if item[0] != b"content-length"]
            scope = {**scope, "headers": headers, _RECEIVE: receive}
            receive = _nothing
        await self._app(scope, receive, send)


async def _nothing() -> dict[str, Any]:
    return {"type": "http.request", "body": b"", "more_body": False}


def import_routes(importer: Importer, verifier: TokenVerifier) -> Callable[[FastAPI], None]:
    """Return what adds the import to an app."""

    def add(app: FastAPI) -> None:
        app.add_middleware(LargeFile)

        @app.post(
            PATH,
            response_model=Report,
            responses=documented(400, 401, 403, 413, 422, 503),
            openapi_extra={"requestBody": _BODY},
        )
        async def import_file(
            request: Request, dry_run: bool = False, good_rows_only: bool = False
        ) -> Report:
            """Import the rows of a CSV or XLSX file, all or none; the same file twice does no harm.

            `good_rows_only` imports the rest when rows are bad; `dry_run` writes nothing.
            """
            try:
                client = await authenticate(request, verifier, OPERATE)
            except ProblemRaised:
                await _read(request, 0)
                raise
            body = await _read(request, MOST_BYTES)
            wanted = Wanted(client.client_id, dry_run, good_rows_only)
            try:
                with database_may_be_away():
                    return await importer.run(body, wanted)
            except UnreadableFile as unreadable:
                raise _unreadable(unreadable) from None
            except CodesMoved:
                raise _codes_moved() from None

    return add


async def _read(request: Request, most: int) -> bytes:
    """Return the body; raises a 413 problem when it is more, 0 for a body nobody wants."""
    receive, taken, pieces = request.scope[_RECEIVE], 0, []
    while taken <= _MOST_SWALLOWED:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ClientDisconnect
        piece = message.get("body", b"")
        taken += len(piece)
        if taken <= most:
            pieces.append(piece)
        if not message.get("more_body"):
            break
    if taken > most > 0:
        detail = f"Tệp không được quá {MOST_BYTES // 1024 // 1024} MB."
        raise ProblemRaised(413, "body-too-large", "File too large", detail)
    return b"".join(pieces)


def _unreadable(unreadable: UnreadableFile) -> ProblemRaised:
    return ProblemRaised(
        422,
        "import-unreadable",
        "File not read",
        "Tệp không đọc được; xem errors.",
        errors=tuple(map(_error, unreadable.problems)),
    )


def _error(one: RowProblem) -> FieldProblem:
    field = f"{one.row}.{one.column}".rstrip(".")
    return FieldProblem(field=field, rule=one.rule, detail=one.detail, source=one.source)


def _codes_moved() -> ProblemRaised:
    return ProblemRaised(
        503,
        "try-again",
        "Try again",
        "Mã hồ sơ vừa được cấp trong lúc chuyển đổi; gửi lại tệp.",
        {"retry-after": "2"},
    )
