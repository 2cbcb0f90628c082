"""Checks of an intake, in the order a dossier lives: handed in, known, supplemented, withdrawn."""

import json
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from console.conformance.checks import Kit, Seen
from console.conformance.intake import Answer, Intake
from contracts.model import VIETNAM

_BODY_LIMIT = 1024 * 1024
_FIELD = ("field", "rule", "detail", "source")

KIT: Kit[Intake] = Kit("submitting")


@KIT.check("needs-token")
async def _needs_token(intake: Intake) -> Seen:
    told = await intake.hand_in(intake.submission(8), "no-token", authorization="Bearer no")
    return _problem(told, 401)


@KIT.check("takes", needed=True)
async def _takes(intake: Intake) -> Seen:
    await intake.sign_in()
    intake.taken, intake.key = intake.submission(), f"kit-{intake.run}"
    told = await intake.hand_in(intake.taken, intake.key)
    intake.code = told.code
    wanted = ("dossier_id", "dossier_code", "received_at")
    has_all = all(told.document.get(name) for name in wanted)
    fields = sorted(str(one.get("field")) for one in _errors(told))
    wrong = f", wrong: {', '.join(fields[:5])}" if fields else ""
    return Seen(told.status == 201 and has_all, f"{told.shown}{wrong}")


@KIT.check("same-key-again")
async def _same_key_again(intake: Intake) -> Seen:
    told = await intake.hand_in(intake.taken, intake.key)
    return _same(intake, told)


@KIT.check("same-reference-again")
async def _same_reference_again(intake: Intake) -> Seen:
    told = await intake.hand_in(intake.taken, f"{intake.key}-other")
    return _same(intake, told)


@KIT.check("key-used")
async def _key_used(intake: Intake) -> Seen:
    return _problem(await intake.hand_in(intake.submission(2), intake.key), 409, 422)


@KIT.check("reference-used")
async def _reference_used(intake: Intake) -> Seen:
    other = intake.submission(2) | {"portal_reference": intake.taken["portal_reference"]}
    return _problem(await intake.hand_in(other, f"{intake.key}-used"), 409)


@KIT.check("needs-key")
async def _needs_key(intake: Intake) -> Seen:
    body = json.dumps(intake.submission(3)).encode()
    return _problem(await intake.ask("POST", "", body), 400)


@KIT.check("receipt")
async def _receipt(intake: Intake) -> Seen:
    path = quote(intake.taken["portal_reference"], safe="")
    return _same(intake, await intake.ask("GET", f"/{path}"))


@KIT.check("no-receipt")
async def _no_receipt(intake: Intake) -> Seen:
    return _problem(await intake.ask("GET", f"/KIT-{intake.run}-none"), 404)


@KIT.check("names-every-field")
async def _names_every_field(intake: Intake) -> Seen:
    wrong = intake.submission(4)
    ahead = datetime.now(VIETNAM).date() + timedelta(days=40)
    wrong["form"]["child"]["born_on"] = ahead.isoformat()
    wrong["procedure_code"] = "1.999999"
    told = await intake.hand_in(wrong, f"{intake.key}-wrong")
    errors = _errors(told)
    fields = {str(one.get("field")) for one in errors}
    are_whole = all(isinstance(one.get(name), str) for one in errors for name in _FIELD)
    has_both = "procedure_code" in fields and any(one.endswith("born_on") for one in fields)
    is_fine = told.is_problem(422) and are_whole and has_both
    return Seen(is_fine, f"{told.shown}, fields: {', '.join(sorted(fields)) or 'none'}")


@KIT.check("unknown-field")
async def _unknown_field(intake: Intake) -> Seen:
    told = await intake.hand_in(intake.submission(5) | {"colour": "red"}, f"{intake.key}-more")
    return _names(told, "colour")


@KIT.check("unknown-unit")
async def _unknown_unit(intake: Intake) -> Seen:
    wrong = intake.submission(6) | {"unit_code": "00000"}
    return _names(await intake.hand_in(wrong, f"{intake.key}-unit"), "unit_code")


@KIT.check("nobody-quoted")
async def _nobody_quoted(intake: Intake) -> Seen:
    wrong = intake.submission(7) | {"colour": "red"}
    told = await intake.hand_in(wrong, f"{intake.key}-quoted")
    text = json.dumps(told.document, ensure_ascii=False)
    applicant = wrong["applicant"]
    quoted = [name for name in ("full_name", "personal_number") if applicant[name] in text]
    return Seen(told.status == 422 and not quoted, f"{told.shown}, quotes: {quoted or 'nothing'}")


@KIT.check("broken-json")
async def _broken_json(intake: Intake) -> Seen:
    key = f"{intake.key}-broken"
    return _problem(await intake.ask("POST", "", b"{no json", idempotency_key=key), 400)


@KIT.check("too-large")
async def _too_large(intake: Intake) -> Seen:
    body = b'"' + b"x" * _BODY_LIMIT + b'"'
    told = await intake.ask("POST", "", body, idempotency_key=f"{intake.key}-large")
    return _problem(told, 413)


@KIT.check("supplement")
async def _supplement(intake: Intake) -> Seen:
    first = await intake.follow("supplements", _supplement_of(intake), f"{intake.key}-s")
    again = await intake.follow("supplements", _supplement_of(intake), f"{intake.key}-s")
    are_taken = first.status == 201 and again.is_yes
    is_same = first.code == again.code == intake.code
    return Seen(are_taken and is_same, f"{first.status}, the same again {again.status}")


@KIT.check("empty-supplement")
async def _empty_supplement(intake: Intake) -> Seen:
    empty = _supplement_of(intake)
    empty.pop("attachments")
    return _problem(await intake.follow("supplements", empty, f"{intake.key}-e"), 422)


@KIT.check("nothing-to-supplement")
async def _nothing_to_supplement(intake: Intake) -> Seen:
    unknown = _supplement_of(intake) | {"portal_reference": f"KIT-{intake.run}-none"}
    return _problem(await intake.follow("supplements", unknown, f"{intake.key}-u"), 404)


@KIT.check("withdrawal")
async def _withdrawal(intake: Intake) -> Seen:
    asked = {"portal_reference": intake.taken["portal_reference"]}
    asked["requested_at"] = intake.taken["submitted_at"]
    first = await intake.follow("withdrawal", asked)
    again = await intake.follow("withdrawal", asked)
    are_taken = first.status == 201 and again.is_yes and first.code == again.code == intake.code
    is_first = first.document.get("received_at") == again.document.get("received_at")
    return Seen(are_taken and is_first, f"{first.status}, the same again {again.status}")


@KIT.check("nothing-to-withdraw")
async def _nothing_to_withdraw(intake: Intake) -> Seen:
    unknown = {"portal_reference": f"KIT-{intake.run}-none"}
    unknown["requested_at"] = intake.taken["submitted_at"]
    return _problem(await intake.follow("withdrawal", unknown), 404)


def _supplement_of(intake: Intake) -> dict[str, Any]:
    return {
        "portal_reference": intake.taken["portal_reference"],
        "resubmitted_at": intake.taken["submitted_at"],
        "attachments": intake.taken["attachments"],
    }


def _errors(told: Answer) -> list[dict[str, Any]]:
    errors = told.document.get("errors")
    return [one for one in errors if isinstance(one, dict)] if isinstance(errors, list) else []


def _same(intake: Intake, told: Answer) -> Seen:
    is_same = told.code == intake.code != ""
    words = "the same code" if is_same else "another code or none"
    return Seen(told.is_yes and is_same, f"{told.status}, {words}")


def _problem(told: Answer, *statuses: int) -> Seen:
    return Seen(told.is_problem(*statuses), told.shown)


def _names(told: Answer, field: str) -> Seen:
    fields = [str(one.get("field")) for one in _errors(told)]
    return Seen(told.is_problem(422) and field in fields, f"{told.shown}, fields: {fields}")
