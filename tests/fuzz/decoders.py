"""The decoders, good inputs of each to begin with, and what each may say instead of an answer."""

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet
from pydantic import ValidationError
from starlette.requests import Request

from audit.checkpoints import parse_checkpoint
from audit.notes import BadNote, parse_signature, split
from contracts.envelope import MalformedEvent, decode
from contracts.particulars import Particulars
from intake.importing.reading import read_sheet
from intake.importing.row_problems import UnreadableFile
from intake.letters import open_record
from intake.reading import check_event, check_submission
from intake.signatures import Signatures
from notifier.feed import Feed, NoSuchCursor
from pages import forms
from pages.cookies import Jar
from pages.problems import PageProblem
from pages.signing_in import local_path
from plumbing.addresses import client_address, networks
from plumbing.sealing import KeyRing, Sealed, Unsealable
from plumbing.strict_json import BrokenJson, read_json
from plumbing.stuck import reading
from plumbing.stuck.items import UnknownItem, read_name
from plumbing.tokens import TokenVerifier, Unauthenticated
from reference import load
from reference.loading import DATA
from reference.rows import Unit
from reference.tables import BadReferenceData, read_table
from registry_sync.meaning import meaning
from registry_sync.results import read_results
from routing import acts_api
from routing.desk import Place
from routing.tracking.inputs import read_code, read_factor
from tests.unit import legacy_kit
from tests.unit.intake_kit import NATIONAL, NOW, SECRET, a_birth, a_record, an_event

SAMPLES = Path(__file__).resolve().parents[2] / "shared/contracts/samples"
_RING = KeyRing("k1", {"k1": bytes(32)})
_JAR = Jar(_RING, secure=True)
_KEY = ECKey.generate_key("P-256", {"kid": "one"})


@dataclass(frozen=True)
class Decoder:
    """A decoder of bytes; `allowed` are its ways to say no. Anything else it raises is a bug."""

    name: str
    read: Callable[[bytes], object]
    seeds: tuple[bytes, ...]
    allowed: tuple[type[Exception], ...] = ()

    def __call__(self, data: bytes) -> object:
        """Return what it read, or the reason it gave."""
        try:
            return self.read(data)
        except self.allowed as reason:
            return reason


def _text(data: bytes) -> str:
    """Return bytes as the text of a header or of a query, as a server gives it."""
    return data.decode("utf-8", errors="replace")


def _latin(data: bytes) -> str:
    return data.decode("latin-1")


def _samples(*names: str) -> tuple[bytes, ...]:
    found = [path for name in names for path in sorted(SAMPLES.glob(name))]
    assert found, names
    return tuple(path.read_bytes() for path in found)


def _verifier() -> TokenVerifier:
    verifier = TokenVerifier("https://issuer.example", "hotich", "http://127.0.0.1:9/")
    keys = KeySet([_KEY])

    async def known(max_age_seconds: float = 0) -> KeySet:
        return keys

    verifier._current_keys = known  # type: ignore[method-assign]
    return verifier


_VERIFIER = _verifier()


def _token(data: bytes) -> object:
    # Nothing in it waits: the keys are known.
    coroutine = _VERIFIER.verify(_latin(data))
    try:
        coroutine.send(None)
    except StopIteration as ended:
        return ended.value
    finally:
        coroutine.close()
    raise AssertionError("a token was waited for")


def _submission(data: bytes) -> object:
    return check_submission(read_json(data), NATIONAL, NOW, load())


def _event(data: bytes) -> object:
    return check_event(read_json(data), "DVCQG-1", NATIONAL, NOW, load())


_SIGNATURES = Signatures({"national-portal": SECRET})


def _signed(data: bytes) -> object:
    """Read a record on the bus whose value is signed as it should be."""
    try:
        record = a_record(0, data)
    except UnicodeDecodeError:
        return None
    return open_record(record, _SIGNATURES)


def _headers(data: bytes) -> object:
    """Read a record on the bus whose headers are pieces of the input."""
    names = ("portal", "webhook-id", "webhook-timestamp", "webhook-signature", "portal")
    given = list(zip(names, data.split(b"|"), strict=False))
    record = a_record(0, b"{}")
    return _SIGNATURES.believe(_Record(record, given))


@dataclass(frozen=True)
class _Record:
    record: Any
    headers: Any

    def __getattr__(self, name: str) -> Any:
        return getattr(self.record, name)


def _feed(data: bytes) -> object:
    feed = Feed.__new__(Feed)
    object.__setattr__(feed, "keys", _RING)
    return feed._opened("national-portal", _latin(data))


def _sealed(data: bytes) -> object:
    return _RING.open(Sealed.unpack(data), "x")


def _form(data: bytes) -> object:
    return forms._read(data)


def _cookie(data: bytes) -> object:
    return _JAR.take({_JAR.name("session"): _latin(data)}, "session")


def _address(data: bytes) -> object:
    peer, _, said = _latin(data).partition("|")
    headers = [(b"x-forwarded-for", said.encode("latin-1"))]
    scope = {"type": "http", "headers": headers, "client": (peer, 1)}
    return client_address(Request(scope), networks("10.0.0.0/8"))


def _results(data: bytes) -> object:
    document = json.loads(data)
    values = document if isinstance(document, list) else [document]
    return read_results([one for one in values if isinstance(one, dict)])


def _stuck_place(data: bytes) -> object:
    """Read what stands in a place, which is base64 on the way."""
    return reading._place(base64.urlsafe_b64encode(data).decode(), reading.LISTED)


def _desk_place(data: bytes) -> object:
    return Place.read(base64.urlsafe_b64encode(data).decode())


def _revision(data: bytes) -> object:
    return acts_api._seen(_latin(data))


def _cosigned(data: bytes) -> object:
    return parse_signature(_text(data))


def _stuck_seed(kind: str) -> bytes:
    place = [kind, "2026-11-24T02:00:00+00:00", "k"]
    return json.dumps(place).encode()


_NOTE = (
    f"hotich.example/log/a/0\n3\n{base64.b64encode(bytes(32)).decode()}\n"
    f"offset 3\ntime 2026-11-24T02:00:00Z\nprevious {'0' * 64}\n"
)
_LINE = "— hotich.example " + base64.b64encode(bytes(68)).decode() + "\n"
_PLACE = Place(datetime(2026, 11, 24, 2, tzinfo=UTC), UUID(int=1)).text().encode()
_REGISTER = json.dumps(
    {"status": "0", "errorCode": "TU_CHOI", "errorDescription": "Hồ sơ đã bị từ chối"}
).encode()
_RESULT = json.dumps(
    [{"maHoSo": "H29.26737-261123-0001", "trangThai": "7", "ngayCapNhat": "24/11/2026 09:00:00"}]
).encode()


def decoders(folder: Path) -> tuple[Decoder, ...]:
    """Return every decoder; `folder` is where those that read files find theirs."""
    table = folder / "units.csv"

    def reference_table(data: bytes) -> object:
        table.write_bytes(data)
        return read_table(table, Unit, lambda row: row.code)

    units = b"\n".join((DATA / "units.csv").read_bytes().splitlines()[:4]) + b"\n"
    birth = json.dumps(a_birth()).encode()
    event = json.dumps(an_event(a_birth())).encode()
    token = _token_seed()
    return (
        Decoder("an event", decode, _samples("vn.hotich.dossier.*.json"), (MalformedEvent,)),
        Decoder(
            "a JSON body", read_json, (birth, b'{"a":[1,2.5e3,null,"\\u00e9"]}'), (BrokenJson,)
        ),
        Decoder("a submission", _submission, (birth,), (BrokenJson,)),
        Decoder("a portal's event", _event, (event,), (BrokenJson,)),
        Decoder("a signed record", _signed, (event, birth)),
        Decoder("a record's headers", _headers, (b"national-portal|id|1764000000|v1,AAAA",)),
        Decoder(
            "particulars",
            Particulars.model_validate_json,
            _samples("particulars.*.json"),
            (ValidationError,),
        ),
        Decoder("a token", _token, (token, b"Bearer a.b.c"), (Unauthenticated,)),
        Decoder("a cursor of the feed", _feed, (_feed_seed(),), (NoSuchCursor,)),
        Decoder("a place on the desk", lambda data: Place.read(_text(data)), (_PLACE,)),
        Decoder(
            "what a place on the desk holds",
            _desk_place,
            (b"2026-11-24T02:00:00+00:00 00000000-0000-0000-0000-000000000001",),
        ),
        Decoder(
            "a place among the stuck",
            _stuck_place,
            (_stuck_seed("parked"), _stuck_seed("manual")),
            (reading.BadCursor,),
        ),
        Decoder(
            "the name of what is stuck",
            lambda data: read_name("intake", _text(data)),
            (b"intake/effect/00000000-0000-0000-0000-000000000001", b"intake/letter/t/0/1"),
            (UnknownItem,),
        ),
        Decoder(
            "a revision", _revision, (b'"12"', b"*", b'W/"1"'), (acts_api.problems.ProblemRaised,)
        ),
        Decoder("a file to import", read_sheet, _sheet_seeds(), (UnreadableFile,)),
        Decoder("a table of the law", reference_table, (units,), (BadReferenceData,)),
        Decoder(
            "a note",
            lambda data: split(_text(data)),
            ((_NOTE + "\n" + _LINE).encode(),),
            (BadNote,),
        ),
        Decoder(
            "a checkpoint",
            lambda data: parse_checkpoint(_text(data)),
            (_NOTE.encode(),),
            (BadNote,),
        ),
        Decoder("a signature line", _cosigned, (_LINE.encode(),), (BadNote,)),
        Decoder("the register's answer", lambda data: meaning(200, _text(data)), (_REGISTER,)),
        Decoder("the register's results", _results, (_RESULT,), (ValueError, RecursionError)),
        Decoder("sealed bytes", _sealed, (_RING.seal(b"plain", "x").pack(),), (Unsealable,)),
        Decoder("a cookie", _cookie, (_cookie_seed(), b"=")),
        Decoder("a form", _form, (b"csrf=abc&note=Nguy%E1%BB%85n&a=1&a=2",), (PageProblem,)),
        Decoder(
            "an address", _address, (b"10.0.0.1|203.0.113.7, 10.0.0.2", b"::ffff:10.0.0.1|::1")
        ),
        Decoder(
            "a way back", lambda data: local_path(_latin(data), "/"), (b"/mot-cua?a=b", b"//x")
        ),
        Decoder("a code", lambda data: read_code(_text(data)), (b"H29.26737-261123-0001",)),
        Decoder("six digits", lambda data: read_factor(_text(data)), (b"112648",)),
    )


def _token_seed() -> bytes:
    claims = {
        "iss": "https://issuer.example",
        "aud": "hotich",
        "client_id": "c",
        "exp": 4102444800,
        "iat": 1764000000,
    }
    header = {"alg": "ES256", "typ": "at+jwt", "kid": "one"}
    return b"Bearer " + jwt.encode(header, claims, _KEY).encode()


def _feed_seed() -> bytes:
    plain = json.dumps([UUID(int=1).hex, 1, 2, 3, 1764000000]).encode()
    packed = _RING.seal(plain, "feed:national-portal").pack()
    return base64.urlsafe_b64encode(packed).rstrip(b"=")


def _cookie_seed() -> bytes:
    packed = _RING.seal(b'{"token":"x"}', "cookie:session").pack()
    return base64.urlsafe_b64encode(packed).rstrip(b"=")


def _sheet_seeds() -> tuple[bytes, ...]:
    rows = (legacy_kit.a_row(), legacy_kit.at_register())
    return legacy_kit.a_csv(*rows), legacy_kit.saved(legacy_kit.a_workbook(*rows))
