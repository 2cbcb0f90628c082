"""The SMS gateways: each sends one message for each idempotency key it is given.

They know nothing of each other, as two companies would not; their one journal counts what a
citizen got from both.
"""

import hashlib
import re
from datetime import UTC, datetime

from aiohttp import web

from sandbox.answers import IDEMPOTENCY_KEY, answer, is_same, problem, read_object, refused
from sandbox.faults import Faults
from sandbox.journal import REFERENCE, Entry, Journal

FIRST, SECOND = "sms-1", "sms-2"
#: Refused at once; taken and given up by the network; taken and never said of again.
NEVER_REACHABLE, SWITCHED_OFF, UNHEARD_OF = "+84000000000", "+84000000001", "+84000000002"
#: So long a message is under way to a phone.
DELIVERY_SECONDS = 1.0

_NUMBER = re.compile(r"\+84\d{9}")
_LONGEST_TEXT = 1_000


class SmsGateway:
    """Sends, dedupes by key and journals; the state is what the journal says."""

    def __init__(self, name: str, journal: Journal, token: str) -> None:
        self.name = name
        self._journal = journal
        self._token = token
        self._sent: dict[str, Entry] = {}

    def routes(self, faults: Faults) -> list[web.RouteDef]:
        """Return the gateway's routes; asking about a message is no work, so it loses no answer."""
        find = faults.guard("sms", self._find, works=False, alone=self.name)
        send = faults.guard("sms", self._send, alone=self.name)
        # The first one is also where the only one was.
        places = [f"/{self.name}", "/sms"] if self.name == FIRST else [f"/{self.name}"]
        return [
            route
            for place in places
            for route in (
                web.post(f"{place}/messages", send),
                web.get(f"{place}/messages/{{key:.+}}", find),
            )
        ]

    def recall(self, entry: Entry) -> None:
        """Change the state by one journal entry of its own, new or replayed."""
        if entry["kind"] == "sms.sent" and entry.get("gateway", FIRST) == self.name:
            self._sent[entry["key"]] = entry

    async def _send(self, request: web.Request) -> web.Response:
        self._check_token(request)
        key = request.headers.get("Idempotency-Key", "")
        if not IDEMPOTENCY_KEY.fullmatch(key):
            raise refused(400, "No Idempotency-Key", "send 1-255 printable ASCII characters")
        number, reference = _read_message(await read_object(request))
        to_sha256 = _digest(number)
        message_id = _message_id(key, reference, to_sha256)
        is_known = key in self._sent
        if is_known and _id_of(self._sent[key]) != message_id:
            raise refused(422, "Key used", "this Idempotency-Key belongs to another message")
        kind = "sms.duplicate" if is_known else "sms.sent"
        facts = {"reference": reference, "to_sha256": to_sha256, "gateway": self.name}
        self.recall(self._journal.append(kind, key, **facts))
        await self._journal.durable()
        return answer({"message_id": message_id}, status=200 if is_known else 202)

    async def _find(self, request: web.Request) -> web.Response:
        self._check_token(request)
        sent = self._sent.get(request.match_info["key"])
        if sent is None:
            return problem(404, "Not sent", "no message was sent with this key")
        await self._journal.durable()
        return answer({"message_id": _id_of(sent), "status": _status_of(sent)})

    def _check_token(self, request: web.Request) -> None:
        scheme, _, token = request.headers.get("Authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not is_same(token, self._token):
            refusal = refused(401, "Wrong token", "send Authorization: Bearer <token>")
            refusal.response.headers["WWW-Authenticate"] = 'Bearer realm="sms"'
            raise refusal


def _id_of(entry: Entry) -> str:
    return _message_id(entry["key"], entry["reference"], entry["to_sha256"])


def _status_of(entry: Entry) -> str:
    """Return where the message stands: each number has its end."""
    age = datetime.now(UTC) - datetime.fromisoformat(entry["at"])
    if age.total_seconds() < DELIVERY_SECONDS or entry["to_sha256"] == _digest(UNHEARD_OF):
        return "taken"
    return "failed" if entry["to_sha256"] == _digest(SWITCHED_OFF) else "delivered"


def _digest(number: str) -> str:
    return hashlib.sha256(number.encode()).hexdigest()


def _message_id(key: str, reference: str, to_sha256: str) -> str:
    return hashlib.sha256(f"{key}\n{reference}\n{to_sha256}".encode()).hexdigest()[:32]


def _read_message(body: dict[str, object]) -> tuple[str, str]:
    number, text, reference = body.get("to"), body.get("text"), body.get("reference")
    wrong: dict[str, str] = {}
    if not isinstance(number, str) or not _NUMBER.fullmatch(number):
        wrong["to"] = "must be +84 and nine digits"
    elif number == NEVER_REACHABLE:
        wrong["to"] = "cannot be reached"
    if not isinstance(text, str) or not 0 < len(text) <= _LONGEST_TEXT:
        wrong["text"] = f"must be 1-{_LONGEST_TEXT} characters"
    if not isinstance(reference, str) or not REFERENCE.fullmatch(reference):
        wrong["reference"] = "must be <dossier_code>:<key>:<channel>"
    if wrong:
        raise refused(422, "Message not sent", "see errors", **wrong)
    return str(number), str(reference)
