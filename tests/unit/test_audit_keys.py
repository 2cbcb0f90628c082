"""Keys follow one another by statements both signed; nobody slips a key in."""

import base64
import json
from datetime import timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from audit.archive import Unreadable, create
from audit.keys import FILE, Key, Keys, moment, parse_moment, succession
from audit.notes import COSIGNS, sign
from audit.signing import (
    BadKeys,
    SigningKey,
    SigningKeys,
    generate,
    private_text,
    read_private,
    write_private,
)
from tests.unit.archive_kit import ORIGIN
from tests.unit.proof_kit import DAY, NOW, a_key, a_signer

_FIRST = a_key(1, NOW - 10 * DAY, NOW + DAY)
_SECOND = a_key(2, NOW, NOW + 10 * DAY)
_THIRD = a_key(3, NOW + 9 * DAY)


def _made(root: Path, *keys: SigningKey) -> Keys:
    create(root, ORIGIN)
    return SigningKeys(keys).make_known(root, ORIGIN)


def _names(keys: Keys) -> list[str]:
    return [key.verifier.name.rpartition("/")[2] for key in keys.keys]


def test_keys_follow_one_another_through_the_years(tmp_path):
    _made(tmp_path, _FIRST)
    _made(tmp_path, _SECOND, _FIRST)
    made = _made(tmp_path, _SECOND, _THIRD)

    keys = Keys.read(tmp_path, ORIGIN)
    assert (_names(keys), keys.check(), keys.keys) == (["k1", "k2", "k3"], [], made.keys)
    assert [len(keys.verifiers_at(NOW + n * DAY)) for n in (-11, -10, -1, 0, 1, 2, 9, 11)] == [
        *(0, 1, 1, 2, 2, 1, 2, 1)
    ]


def test_trust_goes_from_any_key_along_the_statements(tmp_path):
    _made(tmp_path, _FIRST, _SECOND)
    keys = _made(tmp_path, _SECOND, _THIRD)

    for number in (1, 2, 3):
        trusted = keys.trusting(a_signer(number).verifier)
        assert (_names(trusted), trusted.check()) == (["k1", "k2", "k3"], [])
    assert _names(keys.trusting()) == ["k1", "k2", "k3"]


def test_a_key_that_is_given_and_not_named_is_trusted_alone(tmp_path):
    keys = _made(tmp_path, _FIRST).trusting(a_signer(9).verifier)

    assert _names(keys) == ["k9"]
    assert [one.kind for one in keys.check()] == ["key_not_followed"]
    assert keys.verifiers_at(NOW - 900 * DAY) == [a_signer(9).verifier]


def test_a_key_slipped_in_is_not_followed(tmp_path):
    keys = _made(tmp_path, _FIRST, _SECOND)
    first, second = keys.keys
    thief = Key(a_signer(66).verifier, second.since, second.until)
    said = succession(ORIGIN, first, thief)
    statements = {
        "none": None,
        "another's": second.statement,
        "its own word": sign(said, [a_signer(66)]),
        "not the new key's": sign(said, [a_signer(1)]),
        "of another log": sign(
            succession("other.example", first, thief), [a_signer(1), a_signer(66)]
        ),
        "rubbish": "rubbish",
    }
    for statement in statements.values():
        slipped = Keys(ORIGIN, [first, Key(thief.verifier, thief.since, thief.until, statement)])
        assert [one.kind for one in slipped.check()] == ["key_not_followed"]
        assert _names(slipped.trusting(first.verifier)) == ["k1"]
        assert _names(slipped.trusting(thief.verifier)) == ["k66"]
        assert len(slipped.trusting(first.verifier).check()) == 1


@pytest.mark.parametrize(("name", "by"), [("from", -DAY), ("from", DAY), ("until", 5 * DAY)])
def test_a_validity_that_was_signed_cannot_be_changed(tmp_path, name, by):
    _made(tmp_path, _FIRST, _SECOND)
    document = json.loads((tmp_path / FILE).read_text())
    entry = document["keys"][1 if name == "from" else 0]
    entry[name] = moment(parse_moment(entry[name]) + by)
    (tmp_path / FILE).write_text(json.dumps(document))

    assert [one.kind for one in Keys.read(tmp_path, ORIGIN).check()] == ["key_not_followed"]


@pytest.mark.parametrize(
    ("keys", "reason"),
    [
        ((_FIRST, a_key(2, NOW + 3 * DAY)), "must begin while"),
        ((a_key(1, NOW - DAY), _SECOND), "must have an end"),
        ((_SECOND,), "both must be at hand"),
        ((SigningKey(a_signer(1), NOW, NOW + DAY),), "is known to begin"),
    ],
)
def test_a_key_that_does_not_follow_is_refused_and_nothing_is_written(tmp_path, keys, reason):
    _made(tmp_path, _FIRST if len(keys) < 2 else keys[0])
    before = (tmp_path / FILE).read_bytes()

    with pytest.raises(BadKeys, match=reason):
        _made(tmp_path, *keys)

    assert (tmp_path / FILE).read_bytes() == before


def test_only_the_end_of_the_newest_key_may_change(tmp_path):
    _made(tmp_path, a_key(1, NOW - 10 * DAY))
    _made(tmp_path, _FIRST)
    _made(tmp_path, _FIRST, _SECOND)

    with pytest.raises(BadKeys, match="is signed to end"):
        _made(tmp_path, a_key(1, NOW - 10 * DAY, NOW + 2 * DAY), _SECOND)


def test_keys_are_read_from_text_base64_pem_and_files(tmp_path):
    signer = a_signer(5)
    raw = base64.b64encode(signer.key.private_bytes_raw()).decode()
    pem = signer.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
    write_private(tmp_path / "key", signer)
    since = {"name": signer.name, "from": "2026-01-01T07:00:00+07:00"}
    entries = [
        {**since, "key": raw},
        {**since, "key": pem},
        {**since, "key": private_text(signer)},
        {**since, "file": str(tmp_path / "key"), "until": "2027-01-01T00:00:00Z"},
    ]
    found = [SigningKeys.from_json(json.dumps([one])).keys[0] for one in entries]

    assert {one.signer.verifier for one in found} == {signer.verifier}
    assert [moment(one.since) for one in found] == ["2026-01-01T00:00:00Z"] * 4
    assert found[3].until == parse_moment("2027-01-01T00:00:00Z")
    assert SigningKeys.from_json("").keys == []


@pytest.mark.parametrize(
    "text",
    [
        "{}",
        "[1]",
        "rubbish",
        '[{"name": "a", "key": "AA==", "from": "2026-01-01T00:00:00Z"}]',
        '[{"name": "a b", "key": "KEY", "from": "2026-01-01T00:00:00Z"}]',
        '[{"name": "a", "key": "KEY", "from": "2026-01-01T00:00:00"}]',
        '[{"name": "a", "key": "KEY", "from": "2026-01-02T00:00:00Z", '
        '"until": "2026-01-01T00:00:00Z"}]',
        '[{"name": "a", "file": "/nowhere", "from": "2026-01-01T00:00:00Z"}]',
        '[{"name": "a", "key": "TEXT", "from": "2026-01-01T00:00:00Z"}]',
    ],
)
def test_what_is_no_list_of_keys_is_refused_without_showing_any(text):
    raw = base64.b64encode(bytes([7]) * 32).decode()
    told = text.replace("KEY", raw).replace("TEXT", private_text(a_signer(7)).strip())

    with pytest.raises(BadKeys) as caught:
        SigningKeys.from_json(told)

    assert raw[:20] not in str(caught.value)


def test_a_private_key_is_a_new_file_of_its_owner_alone(tmp_path):
    signer = generate("audit.example/1")
    write_private(tmp_path / "key", signer)

    assert (tmp_path / "key").stat().st_mode & 0o777 == 0o600
    assert read_private((tmp_path / "key").read_text()).verifier == signer.verifier
    assert read_private((tmp_path / "key").read_text(), kind=COSIGNS).verifier.kind == COSIGNS
    with pytest.raises(FileExistsError):
        write_private(tmp_path / "key", signer)


def test_a_private_key_is_written_as_other_tools_write_it():
    # golang.org/x/mod/sumdb/note (BSD-3-Clause).
    text = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"

    assert private_text(read_private(text)).strip() == text


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": 1}', '{"format": 1, "keys": [1]}'])
def test_a_file_of_keys_that_is_none_cannot_be_read(tmp_path, text):
    create(tmp_path, ORIGIN)
    (tmp_path / FILE).write_text(text)

    with pytest.raises(Unreadable):
        Keys.read(tmp_path, ORIGIN)


def test_moments_are_written_one_way():
    assert moment(NOW + timedelta(milliseconds=5)) == "2026-11-28T08:00:00Z"
    for text in ("2026-11-28T08:00:00+00:00", "2026-11-28 08:00:00Z", "2026-1-28T08:00:00Z"):
        with pytest.raises(ValueError, match=r"."):
            parse_moment(text)
