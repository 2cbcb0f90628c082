"""The citizen's page over HTTP: `/tra-cuu`, and the dossier of whoever knows code and number."""

from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from pages.forms import posted
from plumbing.addresses import client_address, networks
from plumbing.applying import Part
from plumbing.assembly import Running
from plumbing.receipts import ReceiptKeys
from routing.domain import Case
from routing.settings import RoutingSettings
from routing.store import load_view
from routing.tracking import inputs
from routing.tracking.asking import Answer, Tracker
from routing.tracking.deadlines import deadline_of
from routing.tracking.history import history_of, seen_of
from routing.tracking.offices import office_of
from routing.tracking.progress import progress_of
from routing.tracking.receipt_pages import ReceiptPages
from routing.tracking.saying import Said, seconds_of, told_to_wait
from routing.tracking.store import Look, load_looks
from routing.tracking.visits import HOME, Visits

PAGE, LEAVE = f"{HOME}/ho-so", f"{HOME}/thoat"
#: How many looks of each unit at the dossier are shown.
MOST_LOOKS = 20


class TrackingPages:
    """The citizen's pages: who knows the code and the number sees that one dossier for a while."""

    def __init__(self, running: Running, part: Part[Case], settings: RoutingSettings) -> None:
        self._visits = Visits(running, part, settings.public_url)
        self._running, self._site = running, self._visits.site
        self._tracker = Tracker(running)
        self._trusted = networks(settings.trusted_proxies)
        signing = settings.receipt_keys.get_secret_value()
        keys = ReceiptKeys.from_json(signing) if signing else None
        self._receipts, self._has_receipts = ReceiptPages(self._visits, keys), keys is not None

    def add_to(self, app: FastAPI) -> None:
        """Add the pages and their static files to the app."""
        pages = self._site.sub_app()
        pages.add_api_route(HOME, self.form, methods=["GET"])
        pages.add_api_route(HOME, self.ask, methods=["POST"])
        pages.add_api_route(PAGE, self.dossier, methods=["GET"])
        pages.add_api_route(LEAVE, self.leave, methods=["POST"])
        self._receipts.add_to(app, pages)
        # The pages see whole paths; what is none of them is answered by a page too.
        app.router.routes.append(Route(f"{HOME}{{rest:path}}", pages))
        self._site.mount_static(app)

    async def form(self, request: Request) -> Response:
        """Return the form that asks for code and number."""
        return self._form(request)

    async def ask(self, request: Request) -> Response:
        """Take code and number; on to the dossier if they are right, else the form again.

        What cannot be a code or six digits is said so before anything is asked or counted.
        """
        sent = await posted(request, None)
        code, factor = inputs.read_code(sent.text("code")), inputs.read_factor(sent.text("factor"))
        if code is None or factor is None:
            errors = {"code": code is None, "factor": factor is None}
            return self._form(request, 422, code=sent.text("code"), errors=errors)
        address = client_address(request, self._trusted)
        answer = await self._tracker.ask(code, factor, address)
        if answer.dossier_id is None:
            return self._not_shown(request, answer, code)
        response = RedirectResponse(PAGE, 303)
        self._visits.begin(response, answer.dossier_id)
        return response

    async def leave(self, request: Request) -> Response:
        """Forget the dossier in this browser."""
        await posted(request, None)
        response = RedirectResponse(HOME, 303)
        self._visits.end(response)
        return response

    async def dossier(self, request: Request) -> Response:
        """Return the page of the dossier, or the form for whoever has not asked yet."""
        visit = self._visits.of(request)
        if visit is None:
            was_there = self._visits.was_there(request)
            notice = Said("tracking.form.over" if was_there else "tracking.form.first")
            return self._form(request, 401, notice=notice)
        async with self._running.pool.acquire() as conn:
            case = await load_view(conn, visit.dossier_id)
            looks = await load_looks(conn, visit.dossier_id, MOST_LOOKS)
        assert case is not None  # no dossier is ever deleted
        shown = self._shown(request, case, looks)
        return self._site.page(request, "dossier.html", until=visit.until, **shown)

    def _not_shown(self, request: Request, answer: Answer, code: str) -> Response:
        """Say that nothing fits, or to come later; whether there is such a code stays unsaid."""
        if answer.wait is None:
            return self._form(request, 422, code=code, notice=Said("tracking.form.no_match"))
        after = {"retry-after": str(seconds_of(answer.wait))}
        return self._form(request, 429, after, code=code, notice=told_to_wait(answer.wait))

    def _form(
        self,
        request: Request,
        status: int = 200,
        headers: dict[str, str] | None = None,
        *,
        code: str = "",
        errors: dict[str, bool] | None = None,
        notice: Said | None = None,
    ) -> Response:
        return self._site.page(
            request,
            "form.html",
            status=status,
            headers=headers or {},
            code=code[: inputs.MOST_SHOWN],
            errors=errors or {},
            notice=notice,
        )

    def _shown(self, request: Request, case: Case, looks: list[Look]) -> dict[str, Any]:
        context, speaker = self._visits.context(), self._visits.speaker(request)
        return {
            "code": case.code,
            "procedure": speaker.procedure(case.procedure_code, case.submitted_at or context.now),
            "office": office_of(case, context),
            "progress": progress_of(case, context, speaker),
            "deadline": deadline_of(case, context, speaker),
            "entry": case.entry,
            "history": history_of(case, speaker),
            "looks": seen_of(looks, speaker),
            "has_receipt": self._has_receipts and case.received_at is not None,
        }
