"""Checkpoints: of what grew, once a day of everything, through restarts, crashes and odd clocks."""

import json
from datetime import timedelta

import pytest

from audit.archive import read
from audit.checkpoints import (
    NONE_BEFORE,
    BadNote,
    Checkpoint,
    Ledger,
    parse_checkpoint,
    place_origin,
)
from audit.merkle import EMPTY
from audit.notes import digest_of, open_note, split
from audit.trees import Tree
from contracts.topics import ACCESS
from tests.unit.archive_kit import (
    ORIGIN,
    START,
    a_log,
    archive,
    dossier_of,
    live,
    table_of,
    write_group,
)
from tests.unit.proof_kit import (
    DAY,
    NOW,
    PLACES,
    Signing,
    a_key,
    a_signer,
    add,
    checkpoints,
    fullest,
    logged,
    signed_archive,
)

_QUIET = (ACCESS["intake"].name, 0)


def _grow(log, number):
    """Let another dossier live; return how many records there were before."""
    before = len(log.records)
    live(log, number, START + timedelta(hours=9))
    return before


def test_the_first_round_signs_every_place_also_an_empty_one(tmp_path):
    log = a_log(8)
    signed_archive(tmp_path, log)

    for place in PLACES:
        (one,) = checkpoints(tmp_path, place)
        tree = Tree(tmp_path, *place)
        assert one == Checkpoint(
            place_origin(ORIGIN, *place),
            log.ends[place],
            tree.root(tree.size),
            log.ends[place],
            NOW + timedelta(minutes=5),
            NONE_BEFORE,
        )
    assert checkpoints(tmp_path, _QUIET)[0].root == EMPTY


def test_then_only_what_grew_is_signed_and_everything_once_a_day(tmp_path):
    log = a_log(8)
    signing = signed_archive(tmp_path, log)
    assert signing.round() == []

    before = _grow(log, 8)
    grown = {(one.topic, one.partition) for one in log.records[before:]}
    for place in grown:
        records = [r for r in log.records[before:] if (r.topic, r.partition) == place]
        signing.frontiers.grow(place, table_of(records))
    add(tmp_path, log, before)

    assert {one.place for one in signing.round()} == grown
    assert signing.round() == []
    assert {one.place for one in signing.round(DAY)} == set(PLACES)


def test_a_checkpoint_names_the_one_before_and_grew_out_of_it(tmp_path):
    log = a_log(12)
    place = fullest(log)
    signing = signed_archive(tmp_path, log)
    for number in range(12, 40):
        before = _grow(log, number)
        add(tmp_path, log, before)
        signing.start()
        signing.round()

    found = checkpoints(tmp_path, place)
    tree = Tree(tmp_path, *place)
    assert len(found) > 2
    assert [one.previous for one in found[1:]] == [digest_of(one.text()) for one in found[:-1]]
    assert [one.root for one in found] == [tree.root(one.size) for one in found]


def test_records_told_twice_are_in_the_tree_once(tmp_path):
    log = a_log(30)
    place = fullest(log)
    records = [one for one in log.records if (one.topic, one.partition) == place]
    archive(tmp_path, a_log(0))
    signing = Signing(tmp_path)

    signing.frontiers.grow(place, table_of(records[:3]))
    signing.frontiers.grow(place, table_of(records[1:]))
    write_group(tmp_path, records)

    grown = signing.frontiers.at(place)
    assert grown is not None
    assert (grown.size, grown.root) == (len(records), Tree(tmp_path, *place).root(len(records)))


def test_a_state_that_is_missing_or_does_not_fit_is_computed_again(tmp_path):
    log = a_log(12)
    place = fullest(log)
    signing = signed_archive(tmp_path, log)
    state = tmp_path / "state" / "frontiers.json"
    good = state.read_text()
    spoiled = [None, "", "[]", "{}", good.replace('"size": ', '"size": 1'), good[:-30]]
    wrong_digest = good.replace('"digests": [\n   "', '"digests": [\n   "AAAA')
    for text in [*spoiled, wrong_digest]:
        state.unlink() if text is None else state.write_text(text)
        signing.start()
        grown = signing.frontiers.at(place)
        assert grown is not None
        assert grown.root == checkpoints(tmp_path, place)[-1].root


def test_a_state_with_another_root_is_not_believed(tmp_path):
    log = a_log(12)
    place = fullest(log)
    signing = signed_archive(tmp_path, log)
    state = tmp_path / "state" / "frontiers.json"
    size = checkpoints(tmp_path, place)[-1].size
    kept = json.loads(state.read_text())
    entry = kept[f"{place[0]}/{place[1]}"]
    entry["digests"] = ["A" * 43 + "=" for _ in entry["digests"]]
    state.write_text(json.dumps(kept))

    with logged() as events:
        signing.start()

    assert "tree_computed_again" in events
    grown = signing.frontiers.at(place)
    assert (grown.size, grown.root) == (size, Tree(tmp_path, *place).root(size))


def test_a_crash_after_a_checkpoint_and_before_its_state_is_caught_up(tmp_path):
    log = a_log(12)
    place = fullest(log)
    signing = signed_archive(tmp_path, log)
    old = (tmp_path / "state" / "frontiers.json").read_bytes()
    add(tmp_path, log, _grow(log, 12))
    signing.start()
    signing.round()
    (tmp_path / "state" / "frontiers.json").write_bytes(old)

    with logged() as events:
        signing.start()

    assert "tree_computed_again" not in events
    assert signing.frontiers.at(place).root == checkpoints(tmp_path, place)[-1].root


def test_a_torn_last_line_is_cut_off_and_made_again(tmp_path):
    log = a_log(12)
    place = fullest(log)
    signing = signed_archive(tmp_path, log)
    file = tmp_path / Ledger(tmp_path).file(*place)
    whole = file.read_bytes()
    file.write_bytes(whole + b'{"note": "half of a no')
    assert len(checkpoints(tmp_path, place)) == 1

    signing.start()
    signing.round(DAY)

    assert file.read_bytes().startswith(whole)
    assert [one.previous for one in checkpoints(tmp_path, place)] == [
        NONE_BEFORE,
        digest_of(checkpoints(tmp_path, place)[0].text()),
    ]


def test_only_a_torn_line_is_no_checkpoint(tmp_path):
    ledger = Ledger(tmp_path)
    file = tmp_path / ledger.file(*_QUIET)
    file.parent.mkdir(parents=True)
    file.write_bytes(b'{"note": "x')
    assert ledger.last(*_QUIET) is None

    ledger.append(*_QUIET, "the note")

    assert (list(ledger.notes(*_QUIET)), ledger.last(*_QUIET)) == ([(1, "the note")], "the note")


def test_a_place_whose_newest_checkpoint_cannot_be_read_is_not_signed(tmp_path):
    signing = signed_archive(tmp_path, a_log(8))
    with (tmp_path / Ledger(tmp_path).file(*_QUIET)).open("a") as file:
        file.write("rubbish\n")

    with logged() as events:
        signing.start()

    assert "checkpoint_unreadable" in events
    assert _QUIET not in {one.place for one in signing.round(DAY)}


def test_an_archive_that_is_not_what_was_signed_is_never_signed_again(tmp_path):
    log = a_log(12)
    place = fullest(log)
    signing = signed_archive(tmp_path, log)
    records = [one for one in log.records if (one.topic, one.partition) == place]
    records[1].value = (records[1].value or b"").replace(b"1", b"2")
    for path in (tmp_path / "log" / f"topic={place[0]}").rglob(f"p{place[1]:02d}-*"):
        path.unlink()
    (tmp_path / "state" / "frontiers.json").unlink()
    write_group(tmp_path, records)

    with logged() as events:
        signing.start()

    assert events.count("archive_contradicts_checkpoint") == 1
    assert signing.frontiers.differing() == [place]
    made = {one.place for one in signing.round(DAY)}
    assert made == set(PLACES) - {place}


def test_an_archive_from_an_older_copy_is_signed_when_it_has_again_what_was_signed(tmp_path):
    log = a_log(12)
    place = fullest(log)
    signing = signed_archive(tmp_path, log)
    records = [one for one in log.records if (one.topic, one.partition) == place]
    for path in (tmp_path / "log" / f"topic={place[0]}").rglob(f"p{place[1]:02d}-*"):
        path.unlink()
    write_group(tmp_path, records[:1])

    with logged() as events:
        signing.start()
    assert "archive_behind_checkpoint" in events
    assert place not in {one.place for one in signing.round(DAY)}

    signing.frontiers.grow(place, table_of(records[1:]))
    assert place in {one.place for one in signing.round(DAY)}


def test_an_older_copy_that_grows_into_something_else_is_not_signed(tmp_path):
    log = a_log(12)
    place = fullest(log)
    signing = signed_archive(tmp_path, log)
    records = [one for one in log.records if (one.topic, one.partition) == place]
    for path in (tmp_path / "log" / f"topic={place[0]}").rglob(f"p{place[1]:02d}-*"):
        path.unlink()
    write_group(tmp_path, records[:1])
    signing.start()
    records[-1].value = b"something else"

    with logged() as events:
        signing.frontiers.grow(place, table_of(records[1:]))

    assert events == ["archive_contradicts_checkpoint"]
    assert place not in {one.place for one in signing.round(DAY)}


def test_a_clock_that_went_back_never_takes_a_checkpoint_back(tmp_path):
    log = a_log(12)
    signing = signed_archive(tmp_path, log)
    first = checkpoints(tmp_path, fullest(log))[-1]
    add(tmp_path, log, _grow(log, 12))
    signing.start()

    with logged() as events:
        made = signing.round(timedelta(hours=-7))
        signing.round(timedelta(minutes=1))

    times = {parse_checkpoint(split(one.note)[0]).time for one in made}
    assert times == {first.time}
    assert events.count("clock_went_back") == 1


def test_no_key_that_signs_now_means_no_checkpoint(tmp_path):
    archive(tmp_path, a_log(3))
    signing = Signing(tmp_path, [a_key(1, NOW + DAY)])

    with logged() as events:
        assert signing.round() == []
    assert "no_key_signs_now" in events
    assert signing.round(DAY) != []


def test_while_one_key_follows_the_other_both_sign(tmp_path):
    archive(tmp_path, a_log(3))
    first, second = a_key(1, NOW - DAY, NOW + 2 * DAY), a_key(2, NOW + DAY)
    signing = Signing(tmp_path, [first, second])
    for _ in range(4):
        signing.round(DAY - timedelta(hours=1))

    keys = Ledger(tmp_path).keys()
    names = [
        open_note(note, keys.all_verifiers()).by for _, note in Ledger(tmp_path).notes(*_QUIET)
    ]
    one, two = a_signer(1).name, a_signer(2).name
    assert names == [(one,), (one, two), (two,), (two,)]


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("\noffset ", "\noffset 0"),
        ("\nprevious ", "\nprevious  "),
        ("\ntime ", "\nTime "),
        ("Z\n", "+00:00\n"),
        ("=\n", "\n"),
        ("A=\n", "B=\n"),
        ("\noffset", "\nmore\noffset"),
        (ORIGIN, ""),
    ],
)
def test_a_checkpoint_not_written_as_ours_is_none(old, new):
    text = Checkpoint(f"{ORIGIN}", 7, bytes(32), 9, NOW, NONE_BEFORE).text()
    assert parse_checkpoint(text).size == 7

    with pytest.raises(BadNote):
        parse_checkpoint(text.replace(old, new, 1))


def test_the_kit_writes_what_the_archive_reads(tmp_path):
    log = a_log(2)
    archive(tmp_path, log)
    (first, *_) = (one for one in log.records if one.key == str(dossier_of(0)[0]).encode())
    segment = write_group(tmp_path / "more", [first])
    assert read(tmp_path / "more", segment).num_rows == 1


def test_a_line_that_could_not_be_made_lasting_is_not_there(tmp_path, monkeypatch):
    ledger = Ledger(tmp_path)
    ledger.append(*_QUIET, "one")

    def full(_: int) -> None:
        raise OSError

    with monkeypatch.context() as patched:
        patched.setattr("audit.checkpoints.os.fsync", full)
        with pytest.raises(OSError):  # noqa: PT011
            ledger.append(*_QUIET, "two")

    assert list(ledger.notes(*_QUIET)) == [(1, "one")]
    ledger.append(*_QUIET, "three")
    assert list(ledger.notes(*_QUIET)) == [(1, "one"), (2, "three")]
