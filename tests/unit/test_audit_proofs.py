"""Proofs hold without an archive, and nothing else passes for one; over HTTP as from a folder."""

import asyncio
import base64
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import typer
from typer.testing import CliRunner

from audit.checkpoints import Ledger
from audit.notes import COSIGNS, Signer, Verifier
from audit.proof_checks import check_document
from audit.proof_commands import add_to
from audit.proof_serving import add_routes
from audit.proofs import NoProof, document_of, prove_growth, prove_record
from audit.serving import allowing
from audit.signing import read_private, write_private
from audit.trees import Tree
from audit.witness import Witness
from audit.witness_remote import Remote, ServiceAway
from plumbing.serving import Health, make_app
from plumbing.tokens import TokenVerifier
from tests.unit.archive_kit import START, Log, a_log, dossier_of, live
from tests.unit.pages_kit import listening, serving
from tests.unit.proof_kit import (
    DAY,
    NOW,
    PLACES,
    Signing,
    a_signer,
    a_witness,
    add,
    fullest,
    signed_archive,
)

_KEY = a_signer(1).verifier
_APP = typer.Typer()
add_to(_APP)


@pytest.fixture(scope="module")
def log() -> Log:
    return a_log(25)


@pytest.fixture(scope="module")
def root(tmp_path_factory, log) -> Path:
    folder = tmp_path_factory.mktemp("archive") / "a"
    signing = signed_archive(folder, log)
    before = len(log.records)
    for number in range(25, 40):
        live(log, number, START)
    add(folder, log, before)
    signing.start()
    signing.round(DAY)
    return folder


@pytest.fixture(scope="module")
def place(log) -> tuple[str, int]:
    return fullest(log)


_ENGLISH = ("--language", "en")


def _run(*words: object, input: str | None = None) -> tuple[int, str]:
    done = CliRunner().invoke(_APP, [str(word) for word in words], input=input)
    assert done.exception is None or isinstance(done.exception, SystemExit), done.output
    return done.exit_code, done.output


def _documents(root: Path, place: tuple[str, int]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a document with a proof of a record and one with a proof of growth."""
    ledger, tree = Ledger(root), Tree(root, *place)
    early = _sizes(root, place)[0]
    record = prove_record(ledger, tree, place, 2)
    growth = prove_growth(ledger, tree, place, early)
    made = [document_of(ledger.origin(), ledger.keys(), [one]) for one in (record, growth)]
    return json.loads(json.dumps(made[0])), json.loads(json.dumps(made[1]))


def _sizes(root: Path, place: tuple[str, int]) -> list[int]:
    return [int(note.split("\n")[1]) for _, note in Ledger(root).notes(*place)]


def test_every_record_of_the_archive_is_proved_and_the_proof_holds(root, log):
    for topic, partition in PLACES:
        tree, ledger = Tree(root, topic, partition), Ledger(root)
        for offset in range(tree.size):
            proof = prove_record(ledger, tree, (topic, partition), offset)
            document = document_of(ledger.origin(), ledger.keys(), [proof])
            findings, shown = check_document(json.loads(json.dumps(document)), _KEY)
            assert (findings, len(shown)) == ([], 1)
            record = proof["record"]
            (written,) = (
                one
                for one in log.records
                if (one.topic, one.partition, one.offset) == (topic, partition, offset)
            )
            assert base64.b64decode(record["value"]) == written.value


def test_every_growth_is_proved_also_from_sizes_without_a_checkpoint(root, place):
    tree, ledger = Tree(root, *place), Ledger(root)
    for later in _sizes(root, place):
        for size in range(later + 1):
            proof = prove_growth(ledger, tree, place, size, later)
            document = document_of(ledger.origin(), ledger.keys(), [proof])
            assert check_document(document, _KEY)[0] == []
            assert (proof["earlier"] is not None) == (size in _sizes(root, place))


def _spoil_record(document: dict[str, Any]) -> list[dict[str, Any]]:
    def changed(**changes: Any) -> dict[str, Any]:
        copy = json.loads(json.dumps(document))
        for path, value in changes.items():
            at = copy["proofs"][0]
            *ways, last = path.split("__")
            for way in ways:
                at = at[way]
            at[last] = value
        return copy

    proof = document["proofs"][0]
    return [
        changed(record__value=base64.b64encode(b"another").decode()),
        changed(record__value=None),
        changed(record__key=None),
        changed(record__offset=proof["record"]["offset"] + 1),
        changed(record__timestamp_ms=proof["record"]["timestamp_ms"] + 1),
        changed(record__headers=[]),
        changed(index=proof["index"] + 1),
        changed(path=proof["path"][:-1]),
        changed(path=[*proof["path"], proof["path"][0]]),
        changed(path=proof["path"][::-1]),
        changed(partition=(proof["partition"] + 1) % 6),
        changed(checkpoint=proof["checkpoint"].replace("\noffset ", "\noffset 1")),
        changed(checkpoint="rubbish"),
        changed(kind="another"),
        changed(record__offset=-1),
        changed(record__offset=10**30),
        changed(record__value="%%%"),
        changed(record=None),
        changed(path=["AA=="]),
    ]


def test_a_spoiled_proof_of_a_record_is_never_sound(root, place):
    document, _ = _documents(root, place)
    assert check_document(document, _KEY)[0] == []

    for spoiled in _spoil_record(document):
        findings, shown = check_document(spoiled, _KEY)
        assert (len(findings) > 0, shown) == (True, []), spoiled


def test_a_spoiled_proof_of_growth_is_never_sound(root, place):
    _, document = _documents(root, place)
    assert check_document(document, _KEY)[0] == []
    other = next(one for one in PLACES if one != place)

    for name, value in (
        ("path", document["proofs"][0]["path"][:-1]),
        ("path", []),
        ("earlier", document["proofs"][0]["checkpoint"]),
        ("earlier", Ledger(root).last(*other)),
        ("earlier", "rubbish"),
        ("checkpoint", document["proofs"][0]["earlier"]),
        ("topic", other[0] + "x"),
        ("size", "x"),
    ):
        spoiled = json.loads(json.dumps(document))
        spoiled["proofs"][0][name] = value
        findings, shown = check_document(spoiled, _KEY)
        assert (len(findings) > 0, shown) == (True, []), (name, value)


def test_a_document_signed_by_nobody_who_is_trusted_is_refused(root, place):
    document, _ = _documents(root, place)

    assert [one.kind for one in check_document(document, a_signer(2).verifier)[0]] == [
        "unknown_signer"
    ]
    for odd in (None, [], {}, {"format": 1}, {**document, "format": 2}, {**document, "proofs": []}):
        assert [one.kind for one in check_document(odd, _KEY)[0]] == ["file_unreadable"]


def test_what_is_in_no_checkpoint_is_not_proved(root, place, tmp_path):
    ledger, tree = Ledger(root), Tree(root, *place)
    for offset in (tree.size, 10**9):
        with pytest.raises(NoProof):
            prove_record(ledger, tree, place, offset)
    with pytest.raises(NoProof):
        prove_growth(ledger, tree, place, 0, 10**9)
    with pytest.raises(NoProof):
        prove_growth(ledger, tree, place, tree.size + 1)


def test_by_commands_a_record_an_event_and_a_dossier_are_proved_and_checked(root, place, tmp_path):
    topic, partition = place
    code = dossier_of(3)[1]
    by_place = ("--topic", topic, "--partition", partition, "--offset", 1)
    status, text = _run("prove", root, *by_place)
    value = json.loads(base64.b64decode(json.loads(text)["proofs"][0]["record"]["value"]))
    assert status == 0

    for asked, count in ((by_place, 1), (("--event", value["id"]), 1), (("--code", code), 6)):
        status, text = _run("prove", root, *asked)
        assert (status, len(json.loads(text)["proofs"])) == (0, count)
        (tmp_path / "proof.json").write_text(text)
        status, told = _run("check-proof", tmp_path / "proof.json", "--key", _KEY.text, *_ENGLISH)
        assert (status, told.count("on the log by"), "verdict: SOUND" in told) == (0, count, True)
        assert _run("prove", root, *asked)[1] == text

    status, told = _run("check-proof", "-", "--format", "json", input=text)
    said = json.loads(told)
    assert (status, said["verdict"], said["trusted_on_first_sight"]) == (0, "sound", True)
    status, told = _run("check-proof", "-", "--key", a_signer(2).verifier.text, input=text)
    assert (status, "FORGED unknown_signer" in told) == (7, True)
    status, told = _run("check-proof", "-", input=text.replace('"index": ', '"index": 1'))
    assert (status, "ALTERED root_differs" in told) == (6, True)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["prove", "ROOT"], 2),
        (["prove", "ROOT", "--topic", "x", "--code", "y"], 2),
        (["prove", "ROOT", "--topic", "x"], 2),
        (["prove", "ROOT", "--event", "no such event"], 1),
        (["prove", "/nowhere", "--code", "x"], 1),
        (["prove", "ROOT", "--topic", "x", "--partition", "0", "--offset", "0"], 2),
        (
            ["prove", "ROOT", "--topic", "dossier.intake.v1", "--partition", "99", "--offset", "0"],
            5,
        ),
        (["check-proof", "/nowhere"], 1),
        (["check-proof", "ROOT/archive.json"], 4),
        (["check-proof", "ROOT/archive.json", "--key", "rubbish"], 2),
        (["check-proof", "ROOT/archive.json", "--format", "xml"], 2),
        (["witness", "ROOT", "--key-file", "/nowhere", "--state", "/nowhere"], 1),
        (["keygen", "--name", "a b", "--out", "TMP/k"], 2),
        (["keygen", "--name", "a", "--out", "/nowhere/k"], 1),
    ],
)
def test_a_command_called_wrongly_says_so_without_a_traceback(root, tmp_path, words, status):
    told = [word.replace("ROOT", str(root)).replace("TMP", str(tmp_path)) for word in words]

    found, text = _run(*told)

    assert (found, "Traceback" in text) == (status, False)


def test_by_commands_a_key_is_made_and_a_witness_cosigns(root, tmp_path):
    status, text = _run("keygen", "--name", "w.example/79", "--out", tmp_path / "k", "--witness")
    shown = Verifier.parse(text.strip())
    assert (status, shown.kind, shown.name) == (0, COSIGNS, "w.example/79")
    assert read_private((tmp_path / "k").read_text(), kind=COSIGNS).verifier == shown
    assert _run("keygen", "--name", "w.example/79", "--out", tmp_path / "k")[0] == 2

    asked = ("--key-file", tmp_path / "k", "--state", tmp_path / "w", "--key", _KEY.text)
    status, text = _run("witness", root, *asked, *_ENGLISH)
    assert (status, text.count("cosigned")) == (0, len(PLACES))
    status, text = _run("witness", root, *asked, "--format", "json")
    said = json.loads(text)
    assert (status, said["verdict"], len(said["shown"])) == (0, "sound", len(PLACES))


@pytest.fixture
async def url(root) -> AsyncIterator[str]:
    app = make_app("audit", Health())

    async def allow() -> Any:
        return None

    add_routes(app, root, allow, [a_witness().verifier])
    with listening() as (listener, address):
        async with serving(app, listener):
            yield address


async def _get(url: str, path: str) -> tuple[int, Any]:
    async with aiohttp.ClientSession() as http, http.get(url + path) as answer:
        return answer.status, await answer.json()


async def test_over_http_checkpoints_and_proofs_are_those_of_the_folder(url, root, place):
    topic, partition = place
    sizes = _sizes(root, place)
    status, newest = await _get(url, "/v1/audit/checkpoints")
    assert (status, len(newest["places"])) == (200, len(PLACES))
    status, all_of_it = await _get(url, f"/v1/audit/checkpoints/{topic}/{partition}?after=1")
    assert [one["line"] for one in all_of_it["checkpoints"]] == list(range(2, len(sizes) + 1))

    where = f"topic={topic}&partition={partition}"
    for path, lines in (
        (f"inclusion?{where}&offset=2", 1),
        (f"consistency?{where}&size={sizes[0]}", 1),
        (f"consistency?{where}&size=1&later={sizes[0]}", 1),
    ):
        status, document = await _get(url, f"/v1/audit/proofs/{path}")
        findings, shown = check_document(document, _KEY)
        assert (status, findings, len(shown)) == (200, [], lines)


async def test_over_http_what_is_not_there_is_a_problem(url, place):
    topic, partition = place
    where = f"topic={topic}&partition={partition}"
    for path, wanted in (
        ("checkpoints/dossier.intake.v1/99", 404),
        ("checkpoints/..%2F..%2Fkeys/0", 404),
        (f"proofs/inclusion?{where}&offset=999999", 404),
        (f"proofs/inclusion?{where}&offset=-1", 422),
        ("proofs/inclusion?topic=..%2Fx&partition=0&offset=0", 422),
        ("proofs/inclusion?topic=x&partition=0&offset=0", 404),
        (f"proofs/consistency?{where}&size=999999", 404),
    ):
        status, body = await _get(url, f"/v1/audit/{path}")
        assert (status, "type" in body or "detail" in body) == (wanted, True), path


async def test_over_http_nobody_asks_without_a_token(root):
    app = make_app("audit", Health())
    verifier = TokenVerifier("http://127.0.0.1:1", "hotich", "http://127.0.0.1:1/jwks")
    add_routes(app, root, allowing(verifier))
    with listening() as (listener, address):
        async with serving(app, listener):
            for path in ("checkpoints", "checkpoints/x/0", "proofs/inclusion", "cosignatures"):
                async with aiohttp.ClientSession() as http:
                    method = http.post if path == "cosignatures" else http.get
                    async with method(f"{address}/v1/audit/{path}") as answer:
                        assert answer.status == 401


async def test_a_witness_works_over_http_and_hands_its_cosignatures_in(tmp_path, place):
    folder = tmp_path / "a"
    log = a_log(25)
    signing = signed_archive(folder, log)
    app = make_app("audit", Health())

    async def allow() -> Any:
        return None

    add_routes(app, folder, allow, [a_witness().verifier])

    def look() -> list[Any]:
        # However often it looks and sends, one cosignature of each checkpoint is kept.
        for at in (NOW, NOW + DAY, NOW):
            source = Remote(url, "token")
            cosigned, findings = Witness(a_witness(), tmp_path / "w").look(source, _KEY, at)
            assert findings == []
            for one in cosigned:
                source.send(one)
        return cosigned

    with listening() as (listener, url):
        async with serving(app, listener):
            await asyncio.to_thread(look)
            _grow(folder, log, signing)
            cosigned = await asyncio.to_thread(look)

            one = next(one for one in cosigned if one.place == place)
            topic, partition = place
            good = {"topic": topic, "partition": partition, "size": one.size, "line": one.line}
            stranger = Signer("witness.example/91", a_signer(91).key, COSIGNS)
            other = Witness(stranger, tmp_path / "w2")
            strange, _ = await asyncio.to_thread(other.look, Remote(url, ""), _KEY, NOW)
            for change, wanted in (
                ({}, 200),
                ({"size": one.size + 1}, 422),
                ({"partition": (partition + 1) % 6}, 422),
                ({"topic": "no.such"}, 422),
                ({"line": "rubbish"}, 422),
                ({"line": strange[0].line}, 422),
                ({"more": 1}, 422),
            ):
                async with (
                    aiohttp.ClientSession() as http,
                    http.post(f"{url}/v1/audit/cosignatures", json={**good, **change}) as answer,
                ):
                    assert answer.status == wanted, change
    lines = list(Ledger(folder).cosignatures(*place))
    assert len(lines) == 2


def _grow(folder: Path, log: Log, signing: Signing) -> None:
    before = len(log.records)
    for number in range(25, 40):
        live(log, number, START)
    add(folder, log, before)
    signing.start()
    signing.round(DAY)


def test_a_service_that_is_away_is_told_in_a_sentence(tmp_path):
    with pytest.raises(ServiceAway, match="gives no answer"):
        Remote("http://127.0.0.1:1", "").origin()
    write_private(tmp_path / "k", a_signer(5))
    asked = ("--key-file", tmp_path / "k", "--state", tmp_path / "w")
    status, text = _run("witness", "http://127.0.0.1:1", *asked)
    assert (status, "Traceback" in text) == (1, False)
