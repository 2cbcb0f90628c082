"""A redirect of the app itself leads to this service, whatever host the request names."""

from typing import Any

import pytest
from fastapi import FastAPI

from plumbing.serving import Health, make_app
from tests.unit.pages_kit import listening, serving, visiting


@pytest.mark.parametrize(
    ("path", "location"),
    [
        ("/there", "/there/"),
        ("/there?a=b//c", "/there/?a=b//c"),
        ("/known/", "/known"),
    ],
)
async def test_given_a_strange_host_then_a_redirect_names_none(path: str, location: str) -> None:
    app, inner = make_app("demo", Health()), FastAPI()

    @app.get("/known")
    async def known() -> Any:
        return "known"

    app.mount("/there", inner)
    with listening() as (listener, url):
        async with serving(app, listener), visiting(url) as visitor:
            answer = await visitor.get(path, host="evil.example")

    assert answer.status == 307
    assert answer.headers["location"] == location
