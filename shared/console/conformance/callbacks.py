"""Checks of a portal that is told by signed callbacks."""

import asyncio
import json
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

from console.conformance.checks import Kit, Seen
from console.conformance.signing import Endpoint, Heard, sign

_OTHER_SECRET = "whsec_" + "A" * 32
_HOUR = 3600
_AT_ONCE = 5
#: Answers after which the same callback comes again, beside 5xx.
_AGAIN = frozenset({408, 409, 425, 429})
_WORDS = "Đã tiếp nhận hồ sơ; mời ông/bà đến nhận kết quả tại bộ phận một cửa 🙂"


@dataclass(frozen=True)
class Portal:
    """A portal's ear, its list if it offers one, and the dossier the callbacks are about."""

    ear: Endpoint
    reference: str
    dossier_code: str
    dossiers: Endpoint | None = None
    good: str = field(default_factory=lambda: str(uuid4()))

    def body(self, step: str = "accepted", *passed: int, **more: Any) -> bytes:
        """Return a callback as the notifier writes it; `more` are fields of its data."""
        at = datetime.now(UTC).isoformat(timespec="seconds")
        statuses = passed or (2,)
        data = {
            "portal_reference": self.reference,
            "dossier_code": self.dossier_code,
            "status": statuses[-1],
            "step": step,
            "event_id": str(uuid4()),
            "occurred_at": at,
            "passed": statuses,
            **more,
        }
        document = {"type": "dossier.status", "timestamp": at, "data": data}
        return json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()


def invented_reference() -> str:
    """Return a reference no portal has."""
    return f"KIT-{secrets.token_hex(5)}"


KIT: Kit[Portal] = Kit("callbacks")


@KIT.check("no-redirect")
async def _no_redirect(portal: Portal) -> Seen:
    heard = await portal.ear.call(portal.body("submitted", 1), identity=portal.good)
    return Seen(not 300 <= heard.status < 400, str(heard.status))


@KIT.check("answers", needed=True)
async def _answers(portal: Portal) -> Seen:
    body = portal.body("submitted", 1)
    heard = await portal.ear.call(body, identity=portal.good)
    again = await portal.ear.call(body, identity=portal.good)
    return Seen(heard.is_yes and again.is_yes, f"{heard.shown}; the same again: {again.shown}")


@KIT.check("told-once")
async def _is_told_once(portal: Portal) -> Seen:
    if portal.dossiers is None:
        look = f"look yourself: {portal.reference} shows the step `submitted` once"
        return Seen(None, f"{look}; --dossiers-url lets the kit look")
    question = json.dumps({"references": [portal.reference]}).encode()
    heard = await portal.dossiers.call(question)
    try:
        rows = json.loads(heard.body)["dossiers"]
        statuses = [row.get("status") for row in rows]
    except (ValueError, KeyError, TypeError, AttributeError):
        return Seen(False, f"the list answers {heard.status} and is no list")
    return Seen(statuses == [1], f"the list has {len(statuses)} rows, statuses {statuses}")


@KIT.check("same-step-again")
async def _tells_itself_apart(portal: Portal) -> Seen:
    first, second = [await portal.ear.call(portal.body("accepted", 2)) for _ in range(2)]
    return Seen(first.is_yes and second.is_yes, f"{first.status}, {second.status}")


@KIT.check("wrong-secret")
async def _wrong_secret(portal: Portal) -> Seen:
    return _refused(await portal.ear.call(portal.body(), secret=_OTHER_SECRET))


@KIT.check("unsigned")
async def _unsigned(portal: Portal) -> Seen:
    return _refused(await portal.ear.call(portal.body(), headers={"webhook-signature": ""}))


@KIT.check("changed-body")
async def _other_body(portal: Portal) -> Seen:
    identity, at = str(uuid4()), int(datetime.now(UTC).timestamp())
    signature = sign(portal.ear.secret, identity, at, portal.body())
    headers = {"webhook-signature": signature, "webhook-timestamp": str(at)}
    other = portal.body("registered", 9)
    return _refused(await portal.ear.call(other, identity=identity, headers=headers))


@KIT.check("changed-id")
async def _other_identity(portal: Portal) -> Seen:
    body, at = portal.body(), int(datetime.now(UTC).timestamp())
    signature = sign(portal.ear.secret, str(uuid4()), at, body)
    headers = {"webhook-signature": signature, "webhook-timestamp": str(at)}
    return _refused(await portal.ear.call(body, headers=headers))


@KIT.check("old-timestamp")
async def _old(portal: Portal) -> Seen:
    return _refused(await portal.ear.call(portal.body(), age_seconds=_HOUR))


@KIT.check("future-timestamp")
async def _from_the_future(portal: Portal) -> Seen:
    return _refused(await portal.ear.call(portal.body(), age_seconds=-_HOUR))


@KIT.check("two-signatures")
async def _two_signatures(portal: Portal) -> Seen:
    body, identity, at = portal.body(), str(uuid4()), int(datetime.now(UTC).timestamp())
    both = " ".join(sign(one, identity, at, body) for one in (_OTHER_SECRET, portal.ear.secret))
    headers = {"webhook-signature": both, "webhook-timestamp": str(at)}
    return _taken(await portal.ear.call(body, identity=identity, headers=headers))


@KIT.check("bytes-as-sent")
async def _bytes_as_sent(portal: Portal) -> Seen:
    document = json.loads(portal.body("accepted", 2, later_text=_WORDS))
    body = json.dumps(document, ensure_ascii=False, indent=3, sort_keys=True).encode()
    return _taken(await portal.ear.call(body))


@KIT.check("unknown-field")
async def _unknown_field(portal: Portal) -> Seen:
    body = portal.body("accepted", 2, later_field={"anything": [1, None]})
    return _taken(await portal.ear.call(body))


@KIT.check("appointment")
async def _appointment(portal: Portal) -> Seen:
    due = "2026-12-01T17:00:00+07:00"
    return _taken(await portal.ear.call(portal.body("accepted", 2, due_at=due)))


@KIT.check("no-change")
async def _no_change(portal: Portal) -> Seen:
    body = portal.body("personal_id_assigned", 9, passed=[])
    return _taken(await portal.ear.call(body))


@KIT.check("many-passed")
async def _many_passed(portal: Portal) -> Seen:
    way = (1, 5, 1, 2, 4, 8, 4, 5, 4, 9)
    return _taken(await portal.ear.call(portal.body("registered", *way)))


@KIT.check("out-of-order")
async def _out_of_order(portal: Portal) -> Seen:
    return _taken(await portal.ear.call(portal.body("accepted", 2)))


@KIT.check("at-once")
async def _at_once(portal: Portal) -> Seen:
    body, identity = portal.body("handed_over", 10), str(uuid4())
    calls = [portal.ear.call(body, identity=identity) for _ in range(_AT_ONCE)]
    heard = await asyncio.gather(*calls)
    statuses = [one.status for one in heard]
    is_fine = all(one.is_yes or one.status in _AGAIN for one in heard)
    return Seen(is_fine and any(one.is_yes for one in heard), f"{_AT_ONCE} at once: {statuses}")


@KIT.check("slow-start")
async def _slow_start(portal: Portal) -> Seen:
    body = portal.body("handed_over", 10)
    return _taken(await portal.ear.call(body, pause_seconds=1.5))


@KIT.check("not-json")
async def _not_json(portal: Portal) -> Seen:
    return _refused(await portal.ear.call(b"{no json"))


@KIT.check("sheltered")
async def _sheltered(portal: Portal) -> Seen:
    scheme = portal.ear.url.partition(":")[0]
    return Seen(portal.ear.is_sheltered, scheme)


def _taken(heard: Heard) -> Seen:
    return Seen(heard.is_yes, heard.shown)


def _refused(heard: Heard) -> Seen:
    return Seen(heard.is_no, heard.shown)
