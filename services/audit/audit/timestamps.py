"""Time stamps of an authority (RFC 3161) over checkpoints: asked for aside, checked, kept.

A checkpoint names the one before, so a time stamp of a later one covers an earlier one that never
got its own; nobody waits for any.
"""

import hashlib
import re
import threading
import time
import urllib.request
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from http.client import HTTPException
from pathlib import Path

import structlog
from cryptography import x509
from rfc3161_client import (
    HashAlgorithm,
    TimestampRequestBuilder,
    TimeStampResponse,
    VerificationError,
    VerifierBuilder,
    decode_timestamp_response,
)

from audit.archive import write_file
from audit.checkpoints import TIMESTAMPS
from audit.findings import Finding, Verdict
from audit.notes import split
from audit.rounds import Made
from plumbing.logs import describe

log = structlog.get_logger()

TIMEOUT_SECONDS = 10.0
MOST_ATTEMPTS = 8
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 300.0
MOST_WAITING = 10_000
MOST_BYTES = 1 << 20

_NAME = re.compile(r"^[0-9a-f]{64}\.tsr$")
_HEADERS = {"content-type": "application/timestamp-query", "accept": "application/timestamp-reply"}

#: Sends a request's bytes to an authority and returns the answer's; raises OSError.
Ask = Callable[[bytes], bytes]


class NotStamped(Exception):
    """An answer is no time stamp of what was asked for, by the authority that is trusted."""


def asking(url: str) -> Ask:
    """Return what asks the authority at that address over HTTP."""

    def ask(request: bytes) -> bytes:
        asked = urllib.request.Request(url, request, _HEADERS, method="POST")
        try:
            with urllib.request.urlopen(asked, timeout=TIMEOUT_SECONDS) as answer:
                return bytes(answer.read(MOST_BYTES))
        except HTTPException as error:
            raise OSError("no answer of HTTP") from error

    return ask


def certificate_in(pem: bytes) -> x509.Certificate:
    """Return the certificate of an authority's root; raises NotStamped."""
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError:
        raise NotStamped("the root certificate cannot be read") from None


def stamp(text: str, ask: Ask, root: x509.Certificate) -> bytes:
    """Return the authority's time stamp of a note's text, checked; raises OSError, NotStamped."""
    message = text.encode()
    request = TimestampRequestBuilder().data(message).hash_algorithm(HashAlgorithm.SHA256).build()
    answer = ask(request.as_bytes())
    stamped_at(answer, hashlib.sha256(message).digest(), root, request.nonce)
    return answer


def stamped_at(
    answer: bytes, digest: bytes, root: x509.Certificate, nonce: int | None = None
) -> datetime:
    """Return when a time stamp says the digest was there; raises NotStamped when it does not hold.

    Nothing is asked of anybody.
    """
    verifier = VerifierBuilder(roots=[root], nonce=nonce).build()
    try:
        response: TimeStampResponse = decode_timestamp_response(answer)
        verifier.verify(response, digest)
        return response.tst_info.gen_time.astimezone(UTC)
    except (VerificationError, ValueError, TypeError) as error:
        raise NotStamped(type(error).__name__) from None


def timestamp_findings(root: Path, certificate: x509.Certificate) -> list[Finding]:
    """Return what is wrong with the archive's time stamps, by that root certificate."""
    found: list[Finding] = []
    for path in sorted((root / TIMESTAMPS).glob("*")):
        file = str(path.relative_to(root))
        if path.name.startswith("."):
            continue
        if not _NAME.match(path.name):
            found.append(Finding(Verdict.UNREADABLE, "file_foreign", "no time stamp", file=file))
            continue
        try:
            stamped_at(path.read_bytes(), bytes.fromhex(path.stem), certificate)
        except NotStamped:
            text = "the time stamp is not the authority's, or of something else"
            found.append(Finding(Verdict.FORGED, "bad_signature", text, file=file))
        except OSError:
            text = "the time stamp cannot be read"
            found.append(Finding(Verdict.UNREADABLE, "file_unreadable", text, file=file))
    return found


@dataclass
class _Wanted:
    digest: str
    text: str
    since: float
    attempts: int = 0


class Stamper:
    """Gets checkpoints time-stamped, in a thread of its own: `run`, until `stop` is set.

    A checkpoint is asked for so often, with growing pauses, then left to later ones.
    `certificate` is read anew for each, so that it may come later.
    """

    def __init__(
        self,
        root: Path,
        ask: Ask,
        certificate: Callable[[], bytes],
        overdue_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._folder, self._ask, self._certificate = root / TIMESTAMPS, ask, certificate
        self._overdue_seconds, self._clock = overdue_seconds, clock
        self._waiting: deque[_Wanted] = deque(maxlen=MOST_WAITING)
        self._since: float | None = None
        self._is_told = False
        self.stop = threading.Event()

    def add(self, made: Iterable[Made]) -> None:
        """Take checkpoints to be stamped; returns at once. For any thread."""
        now = self._clock()
        self._waiting += [_Wanted(one.digest, split(one.note)[0], now) for one in made]

    @property
    def failing_seconds(self) -> float:
        """Return how long one has waited while none was got; 0 after one was. For any thread."""
        since = self._since
        return 0.0 if since is None else self._clock() - since

    def run(self) -> None:
        """Stamp what comes until `stop` is set."""
        while not self.stop.is_set():
            self.stop.wait(self.round())

    def round(self) -> float:
        """Stamp what waits until one fails; return how many seconds to wait before the next."""
        while self._waiting and not self.stop.is_set():
            wanted = self._waiting[0]
            if not self._is_stamped(wanted):
                self._tell_overdue()
                if wanted.attempts >= MOST_ATTEMPTS:
                    self._waiting.popleft()
                    log.warning("timestamp_given_up", count=len(self._waiting))
                return float(
                    min(FIRST_PAUSE_SECONDS * 2 ** (wanted.attempts - 1), LONGEST_PAUSE_SECONDS)
                )
            self._waiting.popleft()
            self._since, self._is_told = None, False
        return FIRST_PAUSE_SECONDS

    def _is_stamped(self, wanted: _Wanted) -> bool:
        wanted.attempts += 1
        path = self._folder / f"{wanted.digest}.tsr"
        try:
            answer = stamp(wanted.text, self._ask, certificate_in(self._certificate()))
            self._folder.mkdir(exist_ok=True)
            write_file(path, answer)
        except (OSError, NotStamped) as error:
            self._since = wanted.since if self._since is None else self._since
            log.warning("timestamp_failed", error=describe(error), attempt=wanted.attempts)
            return False
        return True

    def _tell_overdue(self) -> None:
        if not self._is_told and self.failing_seconds > self._overdue_seconds:
            self._is_told = True
            log.error("timestamps_overdue", count=len(self._waiting))
