"""An intake as a portal meets it: a token, and documents of invented people handed in."""

import copy
import io
import json
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any
from urllib.parse import quote

import aiohttp

from console.failing import Failed
from contracts.model import VIETNAM

#: How much of a body is looked at.
_MOST_BYTES = 1024 * 1024
_SAMPLE = json.loads(
    files("contracts").joinpath("samples/submission.json").read_text(encoding="utf-8")
)


@dataclass(frozen=True)
class Answer:
    """An answer of the intake; `document` is {} for a body that is no JSON object."""

    status: int
    content_type: str
    document: dict[str, Any]

    @property
    def is_yes(self) -> bool:
        """Return whether it is a 2xx."""
        return 200 <= self.status < 300

    @property
    def code(self) -> str:
        """Return the dossier code it tells, empty for none."""
        return str(self.document.get("dossier_code") or "")

    def is_problem(self, *statuses: int) -> bool:
        """Return whether it is an RFC 9457 problem with one of these statuses."""
        is_whole = self.document.get("status") == self.status and all(
            isinstance(self.document.get(name), str) for name in ("type", "title", "detail")
        )
        is_named = self.content_type == "application/problem+json"
        return self.status in statuses and is_named and is_whole

    @property
    def shown(self) -> str:
        """Return it as evidence."""
        kind = "a problem" if "problem" in self.content_type else self.content_type or "no body"
        return f"{self.status}, {kind}"


@dataclass
class Intake:
    """An intake to be examined, who asks, and where invented people live."""

    session: aiohttp.ClientSession
    url: str
    token_url: str
    client: str
    secret: str = field(repr=False)
    province_code: str
    unit_code: str
    run: str = field(default_factory=lambda: secrets.token_hex(4))
    token: str = field(default="", repr=False)
    #: The submission that was taken, its key and its code.
    taken: dict[str, Any] = field(default_factory=dict)
    key: str = ""
    code: str = ""

    async def sign_in(self) -> None:
        """Get a token; raises Failed, aiohttp.ClientError or TimeoutError without one."""
        headers = {"authorization": aiohttp.encode_basic_auth(self.client, self.secret)}
        data = {"grant_type": "client_credentials"}
        async with self.session.post(self.token_url, data=data, headers=headers) as response:
            if response.status != 200:
                raise Failed(f"no token for {self.client}: answered {response.status}")
            document = await response.json(content_type=None)
        self.token = str(document["access_token"])

    async def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> Answer:
        """Return the answer to a call under `/v1/submissions`; `idempotency_key` is a header."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent.setdefault("authorization", f"Bearer {self.token}")
        if body is not None:
            sent["content-type"] = "application/json"
        data = None if body is None else io.BytesIO(body)
        async with self.session.request(
            method, f"{self.url}/v1/submissions{path}", data=data, headers=sent
        ) as response:
            text = bytearray()
            async for piece in response.content.iter_chunked(_MOST_BYTES):
                text += piece
                if len(text) >= _MOST_BYTES:
                    break
            return Answer(response.status, response.content_type, _object(bytes(text)))

    async def hand_in(self, document: Any, key: str, **headers: str) -> Answer:
        """Return the answer to a submission under that key."""
        body = json.dumps(document, ensure_ascii=False).encode()
        return await self.ask("POST", "", body, **{"idempotency_key": key, **headers})

    async def follow(self, what: str, document: dict[str, Any], key: str = "") -> Answer:
        """Return the answer to a supplement or a withdrawal of the dossier it names."""
        path = f"/{quote(document['portal_reference'], safe='')}/{what}"
        headers = {"idempotency_key": key} if key else {}
        return await self.ask("POST", path, json.dumps(document).encode(), **headers)

    def submission(self, number: int = 1) -> dict[str, Any]:
        """Return a birth of invented people as of now; nobody can be reached about it."""
        document: dict[str, Any] = copy.deepcopy(_SAMPLE)
        now = datetime.now(VIETNAM)
        place = {"unit_code": self.unit_code, "residence_unit_code": self.unit_code}
        document |= place | {
            "portal_reference": f"KIT-{self.run}-{number}",
            "province_code": self.province_code,
            "submitted_at": now.isoformat(timespec="seconds"),
            "notify_by": [],
        }
        form, applicant = document["form"], document["applicant"]
        for contact in ("phone", "email"):
            applicant.pop(contact)
        # Birthplace code 000 is nobody's; the last six digits are new each time.
        father, mother = (f"000{part}{secrets.randbelow(10**6):06d}" for part in ("093", "196"))
        applicant["personal_number"] = form["father"]["personal_number"] = father
        form["mother"]["personal_number"] = mother
        form["child"]["born_on"] = (now.date() - timedelta(days=9)).isoformat()
        form["child"]["birthplace_unit_code"] = self.unit_code
        return document


def _object(text: bytes) -> dict[str, Any]:
    try:
        document = json.loads(text)
    except ValueError:
        return {}
    return document if isinstance(document, dict) else {}
