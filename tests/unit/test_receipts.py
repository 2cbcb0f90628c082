"""A receipt is genuine for whoever has the public keys, and nothing else is."""

import base64
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from joserfc import jws
from joserfc.jwk import OctKey
from typer.testing import CliRunner

from console.failing import Failed
from console.receipt_commands import app
from plumbing.receipts import Checked, ReceiptFacts, ReceiptKeys, Verdict, check

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
FACTS = ReceiptFacts(
    code="H29.26737-261123-0001",
    unit="26737",
    procedure="1.001193",
    received_at=NOW - timedelta(hours=1),
    due_on=date(2026, 11, 30),
    issued_at=NOW,
)


def seed(number: int) -> str:
    return base64.b64encode(bytes([number] * 32)).decode()


def some_keys(current: str = "r1", **until: str) -> ReceiptKeys:
    """Return the keys r1 and r2; `until` is when one stopped signing."""
    keys = {kid: {"seed": seed(n), "until": until.get(kid)} for n, kid in enumerate(("r1", "r2"))}
    return ReceiptKeys.from_json(json.dumps({"current": current, "keys": keys}))


KEYS = some_keys()
TEXT = KEYS.sign(FACTS)


def altered(text: str, **changes: Any) -> str:
    """Return the text with other facts under the same signature."""
    head, body, signature = text.split(".")
    plain = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4))) | changes
    made = base64.urlsafe_b64encode(json.dumps(plain, separators=(",", ":")).encode())
    return ".".join((head, made.decode().rstrip("="), signature))


def headed(**header: Any) -> str:
    """Return the text with another header under the same signature."""
    _, body, signature = TEXT.split(".")
    made = base64.urlsafe_b64encode(json.dumps(header).encode()).decode().rstrip("=")
    return ".".join((made, body, signature))


def confused() -> str:
    """Return a text signed with the public key as if it were a shared secret."""
    public = base64.urlsafe_b64decode(KEYS.public()["keys"][0]["x"] + "=")
    header = {"alg": "HS256", "kid": "r1", "typ": "hotich-receipt"}
    plain = FACTS.model_dump_json(exclude_none=True).encode()
    return jws.serialize_compact(header, plain, OctKey.import_key(public), algorithms=["HS256"])


def test_a_receipt_of_ours_is_genuine_and_says_what_was_signed() -> None:
    assert check(TEXT, KEYS.public()) == Checked("genuine", FACTS, "r1")


def test_a_receipt_is_genuine_however_the_text_was_broken_into_lines() -> None:
    broken = "\n ".join(TEXT[n : n + 60] for n in range(0, len(TEXT), 60))

    assert check(broken, KEYS.public()).verdict == "genuine"


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("", "unreadable"),
        ("x.y.z", "unreadable"),
        (TEXT[:-20], "forged"),
        (TEXT.rpartition(".")[0], "unreadable"),
        (TEXT + "." + TEXT, "unreadable"),
        ("é" + TEXT, "unreadable"),
        ("A" * 100_000, "unreadable"),
        (altered(TEXT, code="H29.26737-261123-0002"), "forged"),
        (altered(TEXT, due_on="2026-11-29"), "forged"),
        (altered(TEXT, name="somebody"), "unreadable"),
        (headed(alg="none", kid="r1", typ="hotich-receipt"), "unreadable"),
        (headed(alg="Ed25519", kid="r2", typ="hotich-receipt"), "forged"),
        (headed(alg="Ed25519", kid="r9", typ="hotich-receipt"), "unknown_key"),
        (headed(alg="Ed25519", kid="r1", typ="JWT"), "unreadable"),
        (headed(alg="Ed25519", kid="r1", typ="hotich-receipt", jwk={}), "unreadable"),
        (headed(alg="Ed25519", typ="hotich-receipt"), "unreadable"),
        (confused(), "unreadable"),
    ],
)
def test_whatever_is_not_signed_by_us_is_not_genuine(text: str, verdict: Verdict) -> None:
    assert check(text, KEYS.public()).verdict == verdict


def test_a_key_that_stopped_signing_vouches_for_what_it_signed_before_alone() -> None:
    public = some_keys("r2", r1="2026-11-24T02:00:00Z").public()
    late = FACTS.model_copy(update={"issued_at": NOW + timedelta(seconds=1)})

    assert check(TEXT, public).verdict == "genuine"
    assert check(KEYS.sign(late), public).verdict == "expired_key"


def test_no_private_part_of_a_key_is_published() -> None:
    for key in KEYS.public()["keys"]:
        assert set(key) == {"kty", "crv", "x", "kid", "use", "alg"}


def test_a_receipt_fits_into_a_qr_code_that_a_phone_can_read() -> None:
    # Version 20 with error correction M: 97 modules a side, 0.4 mm each on 40 mm.
    assert len(TEXT) <= 666


@pytest.mark.parametrize("public", [{}, {"keys": [{}]}, {"keys": None}, [], {"keys": ["x"]}])
def test_what_is_no_key_set_is_refused(public: Any) -> None:
    if public == {"keys": [{}]}:
        assert check(TEXT, public).verdict == "unknown_key"
        return
    with pytest.raises(ValueError, match="no set"):
        check(TEXT, public)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (altered(TEXT, unit="26740"), "altered"),
        (headed(alg="Ed25519", kid="r9", typ="hotich-receipt"), "none of them is named r9"),
        ("nonsense", "no receipt"),
    ],
)
def test_hotich_receipt_verify_says_no_with_exit_code_1(
    text: str, says: str, tmp_path: Path
) -> None:
    result = CliRunner().invoke(app, ["verify", text, "--keys", str(kept(tmp_path))])

    assert result.exit_code == 1
    assert isinstance(result.exception, Failed)
    assert says in str(result.exception)


def test_hotich_receipt_verify_says_yes_offline_and_what_it_says(tmp_path: Path) -> None:
    keys = kept(tmp_path)

    given = CliRunner().invoke(app, ["verify", TEXT, "--keys", str(keys)])
    read = CliRunner().invoke(app, ["verify", "-", "--keys", str(keys)], input=TEXT + "\n")

    assert given.exit_code == read.exit_code == 0
    assert given.output == read.output
    assert "genuine, signed with key r1" in given.output
    assert "H29.26737-261123-0001" in given.output
    assert "2026-11-30" in given.output


def test_hotich_receipt_verify_says_when_the_keys_cannot_be_read(tmp_path: Path) -> None:
    for content in (None, "", "{}", "[1]"):
        keys = tmp_path / "keys.json"
        if content is not None:
            keys.write_text(content)
        result = CliRunner().invoke(app, ["verify", TEXT, "--keys", str(keys)])
        assert isinstance(result.exception, Failed)
        assert "cannot be read" in str(result.exception)


def kept(folder: Path) -> Path:
    """Return a file of the public keys."""
    path = folder / "keys.json"
    path.write_text(json.dumps(KEYS.public()))
    return path


@pytest.mark.parametrize(
    "kid", ["\x1b[2J\x1b[32mgenuine", "r1\ngenuine", "r" * 65, "", None, ["r1"]]
)
def test_given_a_key_name_that_is_none_then_it_is_no_receipt_and_shown_to_nobody(kid: Any) -> None:
    header = json.dumps({"alg": "Ed25519", "kid": kid, "typ": "hotich-receipt"}).encode()
    text = ".".join((base64.urlsafe_b64encode(header).decode().rstrip("="), *TEXT.split(".")[1:]))

    assert check(text, KEYS.public()) == Checked("unreadable")
