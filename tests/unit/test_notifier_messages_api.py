"""Previews over HTTP: for operators alone, invented data, and wrong questions are told so."""

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from fastapi import Request

import reference
from notifier.messages_api import MessageRoutes
from notifier.wording import VERSION
from plumbing.operating import Operators
from plumbing.serving import Health, ProblemRaised, make_app


class Known(Operators):
    """Knows one token."""

    async def of(self, request: Request) -> str:
        if request.headers.get("authorization") != "Bearer good":
            raise ProblemRaised(401, "unauthenticated", "No token", "Send one.")
        return "operator"


async def ask(path: str, token: str = "good", **params: Any) -> tuple[int, Any]:
    """Return status and document of an answer, asked without a socket."""
    app = make_app("notifier", Health())
    nobody: Any = None
    MessageRoutes(reference.load())(app, Known(nobody))
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "query_string": urlencode(params, doseq=True).encode(),
        "headers": [(b"authorization", f"Bearer {token}".encode())],
    }
    sent: list[Any] = []

    async def receive() -> Any:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    body = b"".join(one.get("body", b"") for one in sent[1:])
    return sent[0]["status"], json.loads(body)


async def test_given_an_operator_then_every_message_is_listed_and_each_can_be_shown():
    status, found = await ask("/v1/messages")

    assert (status, found["version"]) == (200, VERSION)
    for one in found["messages"]:
        for language in ("vi", "en"):
            asked = {"step": one["step"], "kind": one["kind"], "reasons": one["reasons"][:1]}
            status, shown = await ask("/v1/messages/preview", **asked, language=language)
            assert (status, shown["template"]) == (200, f"{language}-{VERSION}")
            assert shown["characters"] == len(shown["text"]) <= 402


@pytest.mark.parametrize(
    ("params", "status"),
    [
        ({"step": "handed_over"}, 422),
        ({"step": "returned", "kind": "apology"}, 422),
        ({"step": "never"}, 422),
        ({"step": "accepted", "language": "fr"}, 422),
        ({"step": "returned", "reasons": ["<script>"]}, 422),
        ({"step": "returned", "reasons": ["a"] * 21}, 422),
        ({"step": "returned", "reasons": ["not_in_the_list"]}, 200),
    ],
)
async def test_given_a_question_then_it_is_answered_or_refused_in_words(params, status):
    assert (await ask("/v1/messages/preview", **params))[0] == status


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/messages/preview"])
async def test_given_nobody_known_then_nothing_is_shown(path):
    assert (await ask(path, "guess", step="accepted"))[0] == 401
