"""The conformance kit against intakes: a good one passes, each wrong one is found out."""

import json
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from aiohttp import web

from console.conformance import submitting
from console.failing import Failed
from tests.integration.conformance_kit import conformance, serving, verdicts

#: What is wrong with an intake, and the checks that find it.
FAULTS = {
    "anybody": {"needs-token"},
    "no code": {"takes"},
    "twice": {"same-key-again", "same-reference-again", "reference-used", "receipt"}
    | {"supplement", "withdrawal"},
    "keys forgotten": {"key-used"},
    "no key": {"needs-key"},
    "overwrites": {"reference-used"},
    "one error": {"names-every-field"},
    "no source": {"names-every-field"},
    "lenient": {"unknown-field", "nobody-quoted"},
    "any unit": {"unknown-unit"},
    "quotes": {"nobody-quoted"},
    "falls over": {"broken-json"},
    "plain": {
        "needs-token",
        "key-used",
        "reference-used",
        "needs-key",
        "no-receipt",
        "names-every-field",
        "unknown-field",
        "unknown-unit",
        "broken-json",
        "too-large",
        "empty-supplement",
        "nothing-to-supplement",
        "nothing-to-withdraw",
    },
    "swallows": {"too-large"},
    "any supplement": {"empty-supplement", "nothing-to-supplement"},
    "withdraws anew": {"withdrawal"},
}


class TinyIntake:
    """Takes what the kit hands in; `fault` names the one thing it does wrong."""

    def __init__(self, fault: str = "") -> None:
        self.fault = fault
        self.by_key: dict[str, bytes] = {}
        self.by_reference: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {}
        self.withdrawn: set[str] = set()
        self.count = 0

    async def token(self, request: web.Request) -> web.Response:
        return web.json_response({"access_token": "good", "token_type": "Bearer"})

    def refuse(self, status: int, *fields: str, said: str = "no") -> web.Response:
        kept = ("field", "rule", "detail") if self.fault == "no source" else ()
        errors = [
            dict.fromkeys(kept or ("field", "rule", "detail", "source"), "x") | {"field": one}
            for one in (fields[:1] if self.fault == "one error" else fields)
        ]
        body = {"type": "about:blank", "title": "No", "status": status, "detail": said}
        kind = "application/json" if self.fault == "plain" else "application/problem+json"
        text = json.dumps(body | {"errors": errors})
        return web.Response(text=text, status=status, content_type=kind)

    def receipt(self, reference: str) -> dict[str, Any]:
        self.count += 1
        code = "" if self.fault == "no code" else f"H29.1-261124-{self.count:04d}"
        moment = f"2026-11-24T08:00:{self.count:02d}+07:00"
        facts = {"dossier_id": str(uuid4()), "dossier_code": code, "received_at": moment}
        return facts | {"portal_reference": reference}

    async def submit(self, request: web.Request) -> web.Response:
        if request.headers["authorization"] != "Bearer good" and self.fault != "anybody":
            return self.refuse(401)
        body, key = await request.read(), request.headers.get("idempotency-key")
        if len(body) > 1024 * 1024 and self.fault != "swallows":
            return self.refuse(413)
        try:
            document = json.loads(body)
            assert isinstance(document, dict)
        except (ValueError, AssertionError):
            return web.Response(status=500) if self.fault == "falls over" else self.refuse(400)
        if key is None and self.fault != "no key":
            return self.refuse(400)
        if self.by_key.setdefault(str(key), body) != body and self.fault != "keys forgotten":
            return self.refuse(422)
        if wrong := self.wrong_fields(document):
            name = document["applicant"]["full_name"] if self.fault == "quotes" else "no"
            return self.refuse(422, *wrong, said=name)
        return self.take(document)

    def wrong_fields(self, document: dict[str, Any]) -> list[str]:
        wrong = ["colour"] if "colour" in document and self.fault != "lenient" else []
        if document["unit_code"] == "00000" and self.fault != "any unit":
            wrong.append("unit_code")
        if document["procedure_code"] == "1.999999":
            wrong += ["procedure_code", "form.child.born_on"]
        return wrong

    def take(self, document: dict[str, Any]) -> web.Response:
        reference = document["portal_reference"]
        known = self.by_reference.get(reference)
        if known and known[0] != document and self.fault not in ("overwrites", "twice"):
            return self.refuse(409)
        if known and self.fault != "twice":
            return web.json_response(known[1])
        self.by_reference[reference] = document, self.receipt(reference)
        return web.json_response(self.by_reference[reference][1], status=201)

    async def find(self, request: web.Request) -> web.Response:
        known = self.by_reference.get(request.match_info["reference"])
        return web.json_response(known[1]) if known else self.refuse(404)

    async def supplement(self, request: web.Request) -> web.Response:
        known = self.by_reference.get(request.match_info["reference"])
        document = await request.json()
        if self.fault == "any supplement":
            known = known or next(iter(self.by_reference.values()))
        elif known is None:
            return self.refuse(404)
        elif not document.get("attachments"):
            return self.refuse(422, "attachments")
        key = request.headers["idempotency-key"]
        is_known, self.by_key[key] = key in self.by_key, b""
        return web.json_response(known[1], status=200 if is_known else 201)

    async def withdraw(self, request: web.Request) -> web.Response:
        reference = request.match_info["reference"]
        known = self.by_reference.get(reference)
        if known is None:
            return self.refuse(404)
        told = dict(known[1])
        if self.fault == "withdraws anew":
            told["received_at"] = self.receipt(reference)["received_at"]
        is_known = reference in self.withdrawn
        self.withdrawn.add(reference)
        return web.json_response(told, status=200 if is_known else 201)


@asynccontextmanager
async def an_intake(fault: str = ""):
    intake, at = TinyIntake(fault), "/v1/submissions"
    async with serving(
        web.post("/token", intake.token),
        web.post(at, intake.submit),
        web.get(at + "/{reference}", intake.find),
        web.post(at + "/{reference}/supplements", intake.supplement),
        web.post(at + "/{reference}/withdrawal", intake.withdraw),
    ) as url:
        yield url


def at(url: str) -> tuple[str, ...]:
    who = ("--token-url", f"{url}/token", "--client", "portal", "--secret", "secret")
    return ("submit", "--url", url, *who)


async def test_a_good_intake_passes_every_check(tmp_path: Path):
    async with an_intake() as url:
        told = await verdicts(tmp_path, *at(url))

    assert told == (0, dict.fromkeys(submitting.KIT.words, "passed"))


@pytest.mark.parametrize("fault", FAULTS)
async def test_an_intake_that_takes_dossiers_wrongly_is_found_out(fault: str, tmp_path: Path):
    async with an_intake(fault) as url:
        code, told = await verdicts(tmp_path, *at(url))

    assert code == 2
    assert {key for key, verdict in told.items() if verdict == "failed"} == FAULTS[fault]


async def test_without_a_token_the_kit_could_not_run(tmp_path: Path):
    async with an_intake() as url:
        ran = await conformance(
            *("submit", "--url", url, "--token-url", f"{url}/v1/submissions/none"),
            *("--client", "portal", "--secret", "secret"),
        )

    assert isinstance(ran.exception, Failed)
    assert "no token for portal" in str(ran.exception)
