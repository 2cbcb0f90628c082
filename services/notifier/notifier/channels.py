"""The ways to the citizen: the SMS gateway, which can be asked, and mail, which cannot."""

from dataclasses import replace
from uuid import UUID

import aiohttp
import structlog

from notifier.mails import compose
from notifier.outside import NoAnswer, NotSent, document_of, is_about_request, status_of
from notifier.requests import MailRequest
from notifier.smtp import MailRefused, MailServer, NotTaken, PerhapsTaken
from plumbing.calls import Answer, Call, LeaseLost

log = structlog.get_logger()


class SmsGateway:
    """Sends under an idempotency key; after a lost answer it asks by that key first."""

    def __init__(self, http: aiohttp.ClientSession, url: str, token: str) -> None:
        self._http, self._url = http, f"{url.rstrip('/')}/messages"
        self._token = {"authorization": f"Bearer {token}"}

    async def __call__(self, call: Call) -> Answer:
        """Return the gateway's final word, or that it goes on.

        Once in doubt it stays so until the gateway has said yes or no: a request that got lost
        may still arrive, so `again` would promise too much.
        """
        if call.in_doubt:
            known = await self.ask(call)
            call.note("asked", known.reason if known.outcome == "no" else known.outcome)
            if known.outcome != "no":
                return known
        answer = await self._send(call)
        call.note("told", answer.reason or answer.outcome)
        if call.in_doubt and answer.outcome == "again":
            return replace(answer, outcome="unknown")
        return answer

    async def ask(self, call: Call) -> Answer:
        """Return `done` when the gateway has the message, `no` when not, `unknown` else."""
        try:
            status = await status_of(
                self._http, "GET", f"{self._url}/{call.effect_id}", self._token
            )
        except (NotSent, NoAnswer):
            return Answer("unknown", "asked")
        if status == 404:
            return Answer("no", "not_sent")
        if status == 200:
            return Answer("done", "asked")
        return Answer("unknown", "asked", at_work=is_about_request(status))

    async def word_on(self, effect_id: UUID) -> str:
        """Return where the gateway says the message stands; raises NotSent or NoAnswer.

        Empty when it says nothing of it, for not every gateway gives receipts. What is no answer
        about the one message is none: whoever asks must not take the gateway to be at work.
        """
        url = f"{self._url}/{effect_id}"
        status, document = await document_of(self._http, url, self._token)
        if status != 200 and not is_about_request(status):
            raise NoAnswer
        said = document.get("status") if status == 200 and isinstance(document, dict) else ""
        return said if isinstance(said, str) else ""

    async def _send(self, call: Call) -> Answer:
        headers = self._token | {
            "content-type": "application/json",
            "idempotency-key": str(call.effect_id),
        }
        try:
            status = await status_of(self._http, "POST", self._url, headers, call.request)
        except NotSent:
            return Answer("again", "not_connected")
        except NoAnswer:
            return Answer("unknown", "no_answer")
        return _understand(status, call)


def _understand(status: int, call: Call) -> Answer:
    reason = f"http_{status}"
    if status in (200, 202):
        return Answer("done")
    if status == 422:
        return Answer("no", reason)
    if status not in (429, 503):
        log.warning(
            "sms_gateway_odd", status=status, kind=call.kind, dossier_id=str(call.dossier_id)
        )
    # It refused to look at the request; any other answer may have come after the work. Of 409 it
    # says that it has one under this key (draft-ietf-httpapi-idempotency-key-header, 2.7).
    refused = (300 <= status < 500 and status != 409) or status == 503
    return Answer("again" if refused else "unknown", reason, at_work=is_about_request(status))


class Mail:
    """Sends each mail at most once: it has no key by which a server would drop a second one."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    async def __call__(self, call: Call) -> Answer:
        """Return the server's word; `stuck` when the mail may have gone and nobody can tell."""
        if call.begun:
            return await self.ask(call)
        request = MailRequest.model_validate_json(call.request)
        recipient = _in_ascii_where_possible(request.to)
        mail = compose(request, recipient, self._server.sender, call.effect_id)
        try:
            await self._server.deliver(recipient, mail, begin=call.begin)
        except MailRefused as refusal:
            return Answer("no", f"smtp_{refusal.code}")
        except NotTaken as failure:
            log.warning("mail_not_taken", reason=failure.reason, kind=call.kind)
            return Answer("again", failure.reason, at_work=failure.at_work)
        except PerhapsTaken:
            log.error("mail_in_doubt", kind=call.kind, dossier_id=str(call.dossier_id))
            return Answer("stuck", "no_answer")
        except LeaseLost:
            return Answer("again", "lease_lost", ours=True)
        return Answer("done")

    async def ask(self, call: Call) -> Answer:
        """Return `stuck` when the mail was begun, and `no` when it certainly was not sent."""
        if call.begun:
            return Answer("stuck", "stopped_while_sending")
        return Answer("no", "not_sent")


def _in_ascii_where_possible(address: str) -> str:
    local_part, _, domain = address.rpartition("@")
    try:
        return f"{local_part}@{domain.encode('idna').decode('ascii')}"
    except UnicodeError:
        return address
