"""Signed notes are those of C2SP: what others published opens here, and ours is written so."""

import base64
from datetime import UTC, datetime

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from audit.notes import (
    COSIGNS,
    BadNote,
    Signer,
    Verifier,
    cosign,
    digest_of,
    open_note,
    parse_signature,
    sign,
    split,
)

# golang.org/x/mod/sumdb/note (BSD-3-Clause) and the example of c2sp.org/signed-note.
_PETER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
_PETER_SEED = "gQoUAtUUbI2E8kQzMPVAgOv5juF9nHT2JS/F1ccoMXM="
_ENOCH = "EnochRoot+af0cfe78+ATtqJ7zOtqQtYqOo0CpvDXNlMhV3HeJDpjrASKGLWdop"
_TEXT = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
)
_BY_PETER = (
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdng"
    "otpRZb6KE6RyyBwJnAM=\n"
)
_BY_ENOCH = (
    "— EnochRoot rwz+eBzmZa0SO3NbfRGzPCpDckykFXSdeX+MNtCOXm2/5n2tiOHp+vAF1aGrQ5ovTG01oOTGwnWL"
    "ox33WWd1RvMc+QQ=\n"
)
_FOO = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k"
_FOO_NOTE = (
    "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppz"
    "i2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n"
)
# A checkpoint of a certificate log with a witness's cosignature, as it was published.
_ARCHE = (
    "arche2025h1.staging.ct.transparency.dev+ba2f06c0+AU0vHmlGCS/PdN8b2OaGmKprLI8HKM+dJ472xgFYh15f"
)
_REMORA = "remora.n621.de+da77ade7+BOvN63jn/bLvkieywe8R6UYAtVtNbZpXh34x7onlmtw2"
_CHECKPOINT = (
    "arche2025h1.staging.ct.transparency.dev\n1432088532\n"
    "U7WM79jrzyhGZ5/GUBTpM7NzwdyfFx61t3RovgcC4Ro=\n\n"
    "— arche2025h1.staging.ct.transparency.dev zTM8sQAAAZ5W0WdjBAMARjBEAiBjW5IQf9pvsYLfQFX6ho"
    "GREPMHbdQ3urbllzalApkptQIgIpwtEroeW2BXaHAI4kJXFbon5Ch9MNL5zRNZ55lvGt0=\n"
    "— arche2025h1.staging.ct.transparency.dev ui8GwCF1+kWqZrxGdhj4aX3gcw7XUlXQQabg/27lefwhUk"
    "zbC3NygNI75MdhL1bfTW9g8Ei59RA23oHP7Ry1k3ZFWwQ=\n"
    "— remora.n621.de 2net5wAAAABqEiEgPlfF3V06o0Y+fHM+J5J9s27wgxxcOVSpZ/2g/KSiXCg9DEZI+aVCIob"
    "WX9sXTynk5XeU/zZ0WBxtqB0DrAWfBw==\n"
)
_AT = datetime(2026, 11, 28, 8, 0, 0, tzinfo=UTC)


def _peter() -> Signer:
    seed = base64.b64decode(_PETER_SEED)
    return Signer("PeterNeumann", Ed25519PrivateKey.from_private_bytes(seed))


def _reason(note: str, *verifiers: Verifier) -> str:
    with pytest.raises(BadNote) as caught:
        open_note(note, verifiers)
    return caught.value.reason


def test_keys_and_notes_others_published_open():
    peter, enoch, foo = map(Verifier.parse, (_PETER, _ENOCH, _FOO))
    both = f"{_TEXT}\n{_BY_PETER}{_BY_ENOCH}"

    assert [one.text for one in (peter, enoch, foo)] == [_PETER, _ENOCH, _FOO]
    assert open_note(both, [peter, enoch]).by == ("PeterNeumann", "EnochRoot")
    assert open_note(both, [enoch]).text == _TEXT
    assert open_note(_FOO_NOTE, [foo]).by == ("example.com/foo",)


def test_a_note_signed_here_is_to_the_byte_the_published_one():
    assert _peter().verifier.text == _PETER
    assert sign(_TEXT, [_peter()]) == f"{_TEXT}\n{_BY_PETER}"


def test_a_published_checkpoint_opens_by_its_log_and_by_its_witness():
    arche, remora = Verifier.parse(_ARCHE), Verifier.parse(_REMORA)
    _, signatures = split(_CHECKPOINT)

    assert open_note(_CHECKPOINT, [arche, remora]).verifiers == (arche, remora)
    assert (remora.kind, signatures[2].cosigned_at) == (
        COSIGNS,
        datetime(2026, 5, 23, 21, 50, 24, tzinfo=UTC),
    )
    assert _reason(_CHECKPOINT.replace("\n1432088532\n", "\n1432088533\n"), remora) == (
        "bad_signature"
    )


def test_a_cosignature_holds_for_its_moment_and_text_only():
    key = Ed25519PrivateKey.from_private_bytes(bytes(32))
    witness = Signer("province-79", key, COSIGNS)
    line = cosign("log\n1\n", witness, _AT)
    signature = parse_signature(line)
    later = (int(_AT.timestamp()) + 1).to_bytes(8, "big") + signature.signature[8:]

    assert signature.cosigned_at == _AT
    assert witness.verifier.holds("log\n1\n", signature.signature)
    assert not witness.verifier.holds("log\n2\n", signature.signature)
    assert not witness.verifier.holds("log\n1\n", later)
    # The same key as a log's is another key: one signature cannot stand for the other.
    assert Signer("province-79", key).verifier.key_id != witness.verifier.key_id


def test_a_forged_a_swapped_and_an_unknown_signature_are_told_apart():
    peter, enoch = Verifier.parse(_PETER), Verifier.parse(_ENOCH)
    good = f"{_TEXT}\n{_BY_PETER}"
    other = sign("Another text.\n", [_peter()])

    assert _reason(good, enoch) == "unknown_signer"
    assert _reason(good) == "unknown_signer"
    assert _reason(good.replace("answer", "anSwer"), peter) == "bad_signature"
    assert _reason(f"{_TEXT}\n{other.rpartition(chr(10) * 2)[2]}", peter) == "bad_signature"
    twice = _BY_PETER + _BY_PETER.replace("x08go/ZJ", "x08go/ZZ")
    assert _reason(f"{_TEXT}\n{twice}", peter) == "bad_signature"


@pytest.mark.parametrize(
    "note",
    [
        "",
        "\n",
        _TEXT,
        f"{_TEXT}\n",
        f"{_TEXT}\n{_BY_PETER[:-1]}",
        f"{_TEXT}{_BY_PETER}",
        f"{_TEXT}\n-- PeterNeumann x08go\n",
        f"{_TEXT}\n{_BY_PETER}\n",
        f"{_TEXT}\n{_BY_PETER.replace('=', '')}",
        f"{_TEXT}\n{_BY_PETER.replace(' x08', '  x08')}",
        f"\r{_TEXT}\n{_BY_PETER}",
        f"\ud800{_TEXT}\n{_BY_PETER}",
        f"{_TEXT}\n{_BY_PETER * 101}",
        f"{'x' * 200_000}\n\n{_BY_PETER}",
    ],
)
def test_what_is_no_note_is_malformed(note):
    assert _reason(note, Verifier.parse(_PETER)) == "malformed"


def test_a_key_cut_or_changed_anywhere_is_no_key():
    cut = [_PETER[start:end] for start in range(len(_PETER)) for end in range(start, len(_PETER))]
    changed = [_PETER[:n] + chr(ord(ch) + 1) + _PETER[n + 1 :] for n, ch in enumerate(_PETER)]
    for text in [*cut, *changed]:
        with pytest.raises(ValueError, match=r"."):
            Verifier.parse(text)


def test_the_digest_of_a_note_is_over_its_text_alone():
    text, _ = split(_CHECKPOINT)

    assert digest_of(text) == digest_of(split(sign(text, [_peter()]))[0])


def test_the_private_key_is_not_shown():
    assert "Ed25519PrivateKey" not in repr(_peter())
