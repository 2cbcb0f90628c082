"""HTTP for operators: what citizens would read at each step; invented data, nothing is sent."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import FastAPI, Query, Request

from contracts.events.base import Code
from contracts.model import ContactChannel, Contract, Language, Step
from notifier.previewing import KINDS_OF, NoSuchMessage, Preview, preview, read_told, reasons_of
from notifier.wording import VERSION
from plumbing.operating import Operators
from plumbing.serving import ProblemRaised
from reference import Reference

_MOST = 20
Codes = Annotated[list[Code], Query(max_length=_MOST)]


class Message(Contract):
    """A step as it may be told: one of its kinds, and the reasons it may have."""

    step: Step
    kind: str
    reasons: tuple[str, ...]


class MessageList(Contract):
    """Every message there is, in the version of today."""

    version: int
    messages: tuple[Message, ...]


@dataclass(frozen=True)
class MessageRoutes:
    """Adds the routes that show what citizens read."""

    reference: Reference

    def __call__(self, app: FastAPI, operators: Operators) -> None:
        """Add them; only operators may use them."""

        @app.get("/v1/messages", response_model=MessageList)
        async def list_messages(request: Request) -> MessageList:
            """Return every step citizens are told of, with its kinds and reasons."""
            await operators.of(request)
            return MessageList(
                version=VERSION,
                messages=tuple(
                    Message(
                        step=step,
                        kind=kind or "",
                        reasons=reasons_of(step, kind or "", self.reference),
                    )
                    for step, kinds in KINDS_OF.items()
                    for kind in kinds
                ),
            )

        @app.get("/v1/messages/preview", response_model=Preview)
        async def show(
            request: Request,
            step: Step,
            kind: str = "",
            reasons: Codes = [],  # noqa: B006 - FastAPI copies it
            papers: Codes = [],  # noqa: B006
            language: Language = "vi",
            channel: ContactChannel = "sms",
        ) -> Preview:
            """Return one message as it would be read; of a code in no list it says nothing."""
            await operators.of(request)
            try:
                told = read_told(step, kind, tuple(reasons), tuple(papers))
            except NoSuchMessage as error:
                kinds = ", ".join(one or "(none)" for one in error.kinds)
                detail = f"This step comes in these kinds: {kinds}." if kinds else "Portals alone."
                raise ProblemRaised(422, "no-such-message", "No such message", detail) from None
            return preview(told, channel, language, self.reference)
