"""The audit service as what a witness sees: its checkpoints and proofs over HTTP."""

import base64
import json
import urllib.request
from http.client import HTTPException
from typing import Any
from urllib.parse import urlencode

from audit.keys import Keys
from audit.proof_checks import Place
from audit.proofs import NoProof
from audit.witness import Cosigned

TIMEOUT_SECONDS = 60.0
MOST_BYTES = 64 << 20


class ServiceAway(Exception):
    """The service gives no answer, or none that can be read; the text says which."""


class Remote:
    """The service at an address, asked with a token; raises ServiceAway."""

    def __init__(self, url: str, token: str) -> None:
        self._url, self._token = url.rstrip("/"), token
        self._newest: dict[str, Any] | None = None

    def origin(self) -> str:
        """Return the name of the log."""
        return str(self._all()["origin"])

    def keys(self) -> Keys:
        """Return the keys the service names."""
        try:
            return Keys.from_list(self.origin(), self._all()["keys"])
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ServiceAway("the service names no keys that can be read") from None

    def places(self) -> list[Place]:
        """Return the topic-partitions with checkpoints."""
        return sorted(self._notes())

    def newest(self, place: Place) -> str:
        """Return the newest checkpoint's note; raises NoProof."""
        try:
            return self._notes()[place]
        except KeyError:
            raise NoProof(f"no checkpoint of {place[0]}/{place[1]} any more") from None

    def consistency(self, place: Place, size: int, later: int) -> list[bytes]:
        """Return the path the service gives; whether it proves anything is seen by checking it."""
        asked = {"topic": place[0], "partition": place[1], "size": size, "later": later}
        answer = self._ask(f"/v1/audit/proofs/consistency?{urlencode(asked)}")
        try:
            path = answer["proofs"][0]["path"]
            return [base64.b64decode(text, validate=True) for text in path]
        except (ValueError, KeyError, TypeError, IndexError):
            raise ServiceAway("the service gives no proof that can be read") from None

    def send(self, cosigned: Cosigned) -> None:
        """Hand a cosignature in."""
        topic, partition = cosigned.place
        asked = {"topic": topic, "partition": partition, "size": cosigned.size}
        self._ask("/v1/audit/cosignatures", {**asked, "line": cosigned.line})

    def _all(self) -> dict[str, Any]:
        if self._newest is None:
            self._newest = self._ask("/v1/audit/checkpoints")
        return self._newest

    def _notes(self) -> dict[Place, str]:
        try:
            return {
                (str(one["topic"]), int(one["partition"])): str(one["note"])
                for one in self._all()["places"]
            }
        except (ValueError, KeyError, TypeError):
            raise ServiceAway("the service gives no checkpoints that can be read") from None

    def _ask(self, path: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        headers = {"authorization": f"Bearer {self._token}", "content-type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        asked = urllib.request.Request(self._url + path, content, headers)
        try:
            with urllib.request.urlopen(asked, timeout=TIMEOUT_SECONDS) as answer:
                found = json.loads(answer.read(MOST_BYTES))
        except (OSError, HTTPException, ValueError, RecursionError) as error:
            status = getattr(error, "code", None)
            told = f"answers {status}" if status else "gives no answer that can be read"
            raise ServiceAway(f"the service {told} to {path.partition('?')[0]}") from None
        if not isinstance(found, dict):
            raise ServiceAway("the service gives no answer that can be read")
        return found
