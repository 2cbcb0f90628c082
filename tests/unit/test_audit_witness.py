"""A witness cosigns what grew out of what it saw, and never a history that was rewritten."""

import json
from datetime import timedelta

import pytest

from audit.checkpoints import Checkpoint, Ledger
from audit.findings import Verdict
from audit.notes import parse_signature, sign
from audit.proof_checks import cosignature_findings, cosigned_by
from audit.witness import BadState, Folder, Witness
from tests.unit.archive_kit import START, a_log, archive, live, write_group
from tests.unit.proof_kit import (
    DAY,
    NOW,
    PLACES,
    Signing,
    a_key,
    a_signer,
    a_witness,
    add,
    checkpoints,
    fullest,
    signed_archive,
)

_KEY = a_signer(1).verifier


def _look(root, state, key=_KEY):
    return Witness(a_witness(), state).look(Folder(root), key, NOW)


def _rewrite(root, log, place):
    """Let the archive's writer, keys and all, tell another history of a place."""
    records = [one for one in log.records if (one.topic, one.partition) == place]
    records[0].value = b"never happened"
    for path in (root / "log" / f"topic={place[0]}").rglob(f"p{place[1]:02d}-*"):
        path.unlink()
    write_group(root, records)
    (root / Ledger(root).file(*place)).unlink()
    signing = Signing(root)
    signing.round(DAY)


def test_what_grew_is_cosigned_again_and_again(tmp_path):
    log = a_log(10)
    signing = signed_archive(tmp_path / "a", log)
    for number in range(10, 14):
        cosigned, findings = _look(tmp_path / "a", tmp_path / "w")
        assert ({one.place for one in cosigned}, findings) == (set(PLACES), [])
        for one in cosigned:
            text = checkpoints(tmp_path / "a", one.place)[-1].text()
            signature = parse_signature(one.line)
            assert a_witness().verifier.holds(text, signature.signature)
            assert signature.cosigned_at == NOW
        before = len(log.records)
        live(log, number, START + timedelta(hours=9))
        add(tmp_path / "a", log, before)
        signing.start()
        signing.round()


def test_a_rewritten_history_is_refused_and_what_was_seen_stays(tmp_path):
    log = a_log(20)
    place = fullest(log)
    signed_archive(tmp_path / "a", log)
    _look(tmp_path / "a", tmp_path / "w")
    seen = json.loads((tmp_path / "w" / "witness.json").read_text())["seen"]

    _rewrite(tmp_path / "a", log, place)
    for _ in range(2):
        cosigned, findings = _look(tmp_path / "a", tmp_path / "w")

    # The same size with another root, signed with the log's own key.
    assert checkpoints(tmp_path / "a", place)[-1].size == seen[f"{place[0]}/{place[1]}"]["size"]
    assert [(one.kind, one.verdict, one.topic, one.partition) for one in findings] == [
        ("checkpoints_fork", Verdict.DIVERGED, *place)
    ]
    assert {one.place for one in cosigned} == set(PLACES) - {place}
    assert json.loads((tmp_path / "w" / "witness.json").read_text())["seen"] == seen


def test_a_rewritten_history_that_grew_is_refused_too(tmp_path):
    log = a_log(20)
    place = fullest(log)
    signed_archive(tmp_path / "a", log)
    _look(tmp_path / "a", tmp_path / "w")
    live(log, 20, START + timedelta(hours=9))
    for number in range(21, 40):
        live(log, number, START + timedelta(hours=9))
    _rewrite(tmp_path / "a", log, place)

    cosigned, findings = _look(tmp_path / "a", tmp_path / "w")

    assert (place, "checkpoints_fork") in {((f.topic, f.partition), f.kind) for f in findings}
    assert place not in {one.place for one in cosigned}


def test_a_log_that_was_rolled_back_or_cut_away_is_refused(tmp_path):
    log = a_log(10)
    archive(tmp_path / "a", log)
    old = a_log(4)
    signed_archive(tmp_path / "old", old)
    Signing(tmp_path / "a").round()
    _look(tmp_path / "a", tmp_path / "w")

    cosigned, findings = _look(tmp_path / "old", tmp_path / "w")
    assert {one.kind for one in findings} == {"tail_missing"}
    assert fullest(log) not in {one.place for one in cosigned}

    (tmp_path / "a" / Ledger(tmp_path / "a").file(*fullest(log))).unlink()
    _, findings = _look(tmp_path / "a", tmp_path / "w")
    assert [(one.topic, one.partition, one.kind) for one in findings] == [
        (*fullest(log), "tail_missing")
    ]


def test_records_that_are_not_those_signed_are_not_cosigned_when_more_come(tmp_path):
    log = a_log(20)
    place = fullest(log)
    signing = signed_archive(tmp_path / "a", log)
    _look(tmp_path / "a", tmp_path / "w")
    before = len(log.records)
    for number in range(20, 60):
        live(log, number, START + timedelta(hours=9))
    add(tmp_path / "a", log, before)
    signing.start()
    signing.round()
    records = [one for one in log.records if (one.topic, one.partition) == place]
    records[0].value = b"never happened"
    for path in (tmp_path / "a" / "log" / f"topic={place[0]}").rglob(f"p{place[1]:02d}-*"):
        path.unlink()
    write_group(tmp_path / "a", records)

    cosigned, findings = _look(tmp_path / "a", tmp_path / "w")

    assert [one.kind for one in findings] == ["checkpoints_fork"]
    assert place not in {one.place for one in cosigned}


def test_forged_swapped_and_foreign_checkpoints_are_named(tmp_path):
    root = tmp_path / "a"
    signed_archive(root, a_log(5))
    ledger = Ledger(root)
    one, two, three, four, five = PLACES[:5]
    good = checkpoints(root, one)[0]
    later = Checkpoint(good.origin, good.size, good.root, good.offset, NOW + DAY, good.previous)
    forged = sign(later.text(), [a_signer(1)]).replace(later.text(), good.text())
    ledger.append(*one, forged.replace("time 2026-11-28", "time 2026-11-29"))
    ledger.append(*two, ledger.last(*three) or "")
    ledger.append(*three, sign(checkpoints(root, three)[0].text(), [a_signer(66)]))
    ledger.append(*four, "rubbish")
    early = checkpoints(root, five)[0]
    ledger.append(
        *five,
        sign(
            Checkpoint(
                early.origin, early.size, early.root, early.offset, NOW - 99 * DAY, early.previous
            ).text(),
            [a_signer(1)],
        ),
    )

    cosigned, findings = _look(root, tmp_path / "w")

    assert [(f.topic, f.partition, f.kind) for f in findings] == [
        (*one, "bad_signature"),
        (*two, "checkpoint_of_another_log"),
        (*three, "unknown_signer"),
        (*four, "note_malformed"),
        (*five, "key_not_valid"),
    ]
    assert {c.place for c in cosigned} == set(PLACES[5:])


def test_with_a_key_of_its_own_a_log_signed_by_another_is_refused(tmp_path):
    signed_archive(tmp_path / "a", a_log(3))

    cosigned, findings = _look(tmp_path / "a", tmp_path / "w", a_signer(2).verifier)

    assert cosigned == []
    assert {one.kind for one in findings} == {"unknown_signer", "key_not_followed"}


def test_a_key_that_followed_is_followed(tmp_path):
    archive(tmp_path / "a", a_log(3))
    signing = Signing(tmp_path / "a", [a_key(1, NOW - DAY, NOW + DAY), a_key(2, NOW)])
    for _ in range(3):
        signing.round(DAY)

    cosigned, findings = _look(tmp_path / "a", tmp_path / "w")

    assert (len(cosigned), findings) == (len(PLACES), [])


def test_a_witness_of_another_log_or_without_its_mind_stops(tmp_path):
    signed_archive(tmp_path / "a", a_log(3))
    _look(tmp_path / "a", tmp_path / "w")
    state = tmp_path / "w" / "witness.json"
    good = state.read_text()

    state.write_text(good.replace("test.hotich", "other.hotich"))
    with pytest.raises(BadState, match="watches other"):
        _look(tmp_path / "a", tmp_path / "w")
    for text in ("", "[]", good.replace('"size": ', '"size": "x"'), good.replace('"root": "', '"')):
        state.write_text(text)
        with pytest.raises(BadState):
            _look(tmp_path / "a", tmp_path / "w")


def test_cosignatures_in_the_archive_are_checked(tmp_path):
    root = tmp_path / "a"
    log = a_log(20)
    signed_archive(root, log)
    place = fullest(log)
    ledger, witnesses = Ledger(root), [a_witness().verifier]
    cosigned, _ = _look(root, tmp_path / "w")
    for one in cosigned:
        ledger.append_cosignature(*one.place, one.size, one.line)
    (mine,) = (one for one in cosigned if one.place == place)
    another = next(one for one in cosigned if one.place != place)
    note = ledger.last(*place) or ""

    assert [f for p in PLACES for f in cosignature_findings(ledger, p, witnesses)] == []
    assert cosigned_by(ledger, place, note, witnesses) == {a_witness().name}
    assert cosigned_by(ledger, place, note, [a_witness(91).verifier]) == set()

    ledger.append_cosignature(*place, mine.size, another.line)
    ledger.append_cosignature(*place, mine.size + 1, mine.line)
    ledger.append_cosignature(*place, mine.size, "rubbish")
    with (root / ledger.file(*place, "cosignatures")).open("a") as file:
        file.write("[]\n")
    assert [one.kind for one in cosignature_findings(ledger, place, witnesses)] == [
        *("bad_signature", "tail_missing", "note_malformed", "note_malformed")
    ]
