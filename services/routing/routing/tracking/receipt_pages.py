"""Receipts over HTTP: as a page, as a PDF, whether one is genuine, and the keys to tell it by."""

import asyncio
from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from contracts.model import local_day
from pages.forms import posted
from pages.problems import PageProblem
from plumbing.accesses.opening import write
from plumbing.accesses.rows import By
from plumbing.documents import PUBLIC
from plumbing.receipts import MOST_CHARACTERS, ReceiptFacts, ReceiptKeys, check
from routing.domain import Case
from routing.slips.content import Slip
from routing.slips.printing import render_pdf
from routing.slips.qr import qr_svg
from routing.store import load_view
from routing.tracking.asking import CITIZEN
from routing.tracking.offices import name_of
from routing.tracking.receipts import paper_of
from routing.tracking.visits import HOME, Visits

RECEIPT, CHECK = f"{HOME}/giay-hen", f"{HOME}/kiem-tra"
KEYS = "/.well-known/hotich-receipts.json"


class ReceiptPages:
    """Gives the receipt of the dossier that is visited, and checks any receipt for anybody."""

    def __init__(self, visits: Visits, keys: ReceiptKeys | None) -> None:
        self._visits, self._keys = visits, keys
        # Papers are set two at a time: one of the two is the officers' whatever citizens print.
        self._setting = asyncio.Semaphore(1)
        self._public: dict[str, Any] = keys.public() if keys else {"keys": []}

    def add_to(self, app: FastAPI, pages: FastAPI) -> None:
        """Add the pages, and the public keys to the app itself."""
        pages.add_api_route(RECEIPT, self.receipt, methods=["GET"])
        pages.add_api_route(f"{RECEIPT}.pdf", self.receipt_pdf, methods=["GET"])
        pages.add_api_route(CHECK, self.form, methods=["GET"])
        pages.add_api_route(CHECK, self.check, methods=["POST"])
        said = {"content": {"application/jwk-set+json": {"schema": {"type": "object"}}}}
        app.add_api_route(
            KEYS,
            self.public_keys,
            methods=["GET"],
            response_class=Response,
            responses={200: said},
            openapi_extra=PUBLIC,
        )

    async def receipt(self, request: Request) -> Response:
        """Return the receipt as a page to show or to print."""
        case, slip, facts = await self._paper(request)
        visits = self._visits
        speaker = visits.speaker(request)
        return visits.site.page(
            request,
            "receipt.html",
            facts=facts,
            text=slip.receipt,
            qr=Markup(qr_svg(slip.receipt)),
            unit=name_of(facts.unit, local_day(facts.received_at), speaker.known),
            procedure=speaker.procedure(facts.procedure, facts.received_at),
            due=case.appointment,
        )

    async def receipt_pdf(self, request: Request) -> Response:
        """Return the receipt as a PDF, on the form of the appointment slip."""
        _, slip, _ = await self._paper(request)
        headers = {"content-disposition": 'attachment; filename="giay-hen.pdf"'}
        async with self._setting:
            paper = await render_pdf(slip)
        return Response(paper, 200, headers, "application/pdf")

    async def form(self, request: Request) -> Response:
        """Return the form that takes the text of a receipt."""
        return self._visits.site.page(request, "check.html", checked=None, text="")

    async def check(self, request: Request) -> Response:
        """Say whether a receipt is genuine; no dossier is looked at."""
        text = (await posted(request, None)).text("receipt")
        checked, speaker = check(text, self._public), self._visits.speaker(request)
        left = "" if checked.verdict == "genuine" else text[:MOST_CHARACTERS]
        told: dict[str, Any] = {"checked": checked, "text": left}
        if checked.verdict == "genuine" and (facts := checked.facts) is not None:
            on = local_day(facts.received_at)
            told["procedure"] = speaker.procedure(facts.procedure, facts.received_at)
            told["unit"] = name_of(facts.unit, on, speaker.known)
        return self._visits.site.page(request, "check.html", **told)

    async def public_keys(self) -> Response:
        """Return the public keys of receipts as a JWK set."""
        headers = {"cache-control": "public, max-age=3600", "x-content-type-options": "nosniff"}
        return JSONResponse(self._public, headers=headers, media_type="application/jwk-set+json")

    async def _paper(self, request: Request) -> tuple[Case, Slip, ReceiptFacts]:
        """Return the dossier visited and its receipt; that it is given is written down.

        Raises PageProblem when nothing may be seen, or there is no receipt yet.
        """
        visit, running = self._visits.of(request), self._visits.running
        if visit is None:
            raise PageProblem(401, "tracking.form.first")
        context = self._visits.context()
        async with running.pool.acquire() as conn:
            case = await load_view(conn, visit.dossier_id)
            keys = self._keys
            paper = case and keys and paper_of(case, keys, context.now, context.reference)
            if not case or not paper:
                raise PageProblem(404, "tracking.receipt.none")
            by = By(CITIZEN, "tracked", "receipt", at=context.now)
            await write(conn, by, [visit.dossier_id])
        return case, *paper
