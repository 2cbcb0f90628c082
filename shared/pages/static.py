"""Static files under the hash of what they hold, so that a browser may keep them for ever."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response

from pages.guarding import HEADERS

#: What may be served, by the end of a name.
_TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "png": "image/png",
    "woff2": "font/woff2",
}
_FOR_EVER = {"cache-control": "public, max-age=31536000, immutable"}


@dataclass(frozen=True)
class StaticFile:
    """One file, its type and the address it is served under."""

    url: str
    content: bytes
    media_type: str


def load_static(packages: Sequence[str]) -> dict[str, StaticFile]:
    """Return every file of the packages' `static/` folders by its name.

    Raises ValueError for a name that is there twice or ends in nothing we serve.
    """
    found: dict[str, StaticFile] = {}
    for package in packages:
        folder = files(package).joinpath("static")
        for file in folder.iterdir() if folder.is_dir() else ():
            ending = file.name.rpartition(".")[2]
            if ending not in _TYPES or file.name in found:
                raise ValueError(f"{package}: {file.name} is there twice or has no known type")
            content = file.read_bytes()
            digest = hashlib.sha256(content).hexdigest()[:16]
            found[file.name] = StaticFile(f"/static/{digest}/{file.name}", content, _TYPES[ending])
    return found


def serve_static(app: FastAPI, found: dict[str, StaticFile]) -> None:
    """Serve the files; called again for the same app, serves those of both calls."""
    served: dict[str, StaticFile] | None = getattr(app.state, "static_files", None)
    if served is None:
        app.state.static_files = served = {}
        app.add_api_route("/static/{digest}/{name}", _static, include_in_schema=False)
    served.update({file.url: file for file in found.values()})


async def _static(request: Request, digest: str, name: str) -> Response:
    file = request.app.state.static_files.get(f"/static/{digest}/{name}")
    if file is None:
        return Response(status_code=404, headers=HEADERS)
    return Response(file.content, media_type=file.media_type, headers={**HEADERS, **_FOR_EVER})
