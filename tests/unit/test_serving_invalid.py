"""What a request that is not valid is told: the field, and what is allowed there."""

import json
from typing import Annotated, Literal

import pytest
from fastapi import FastAPI, Query

from plumbing.serving import Health, make_app
from tests.unit.pages_kit import listening, serving, visiting


def an_app() -> FastAPI:
    app = make_app("test", Health())

    @app.get("/")
    async def ask(
        step: Literal["accepted", "returned"] = "accepted",
        limit: Annotated[int, Query(ge=1, le=100)] = 1,
    ) -> None:
        pass

    return app


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("step=0012345", "literal error: 'accepted' or 'returned'"),
        ("limit=0", "greater than equal: 1"),
        ("limit=101", "less than equal: 100"),
        ("limit=a-name", "int parsing"),
    ],
)
async def test_given_a_value_out_of_bounds_then_what_is_allowed_is_told_and_nothing_given(
    query: str, detail: str
) -> None:
    with listening() as (listener, url):
        async with serving(an_app(), listener), visiting(url) as visitor:
            answer = await visitor.get(f"/?{query}")
            text = await answer.text()

    (error,) = json.loads(text)["errors"]
    assert answer.status == 422
    assert error["field"] == query.partition("=")[0]
    assert error["detail"] == detail
    assert "0012345" not in text
    assert "a-name" not in text
