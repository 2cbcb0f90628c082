"""Time stamps are asked for aside, checked against one authority, and nobody waits for them."""

import contextlib
import hashlib
import threading
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from audit import timestamps
from audit.archive import create
from audit.checkpoints import TIMESTAMPS
from audit.notes import split
from audit.rounds import Made
from audit.timestamps import NotStamped, Stamper, asking, stamp, stamped_at, timestamp_findings
from sandbox.timestamping import Authority, make_key, open_authority
from tests.unit.archive_kit import ORIGIN, a_log
from tests.unit.proof_kit import DAY, logged, signed_archive

_KEY, _CERTIFICATE = make_key("An authority")
_AUTHORITY = Authority(_KEY, _CERTIFICATE)
_TEXT = "a note\n"


def _pem(certificate=_CERTIFICATE) -> bytes:
    return certificate.public_bytes(Encoding.PEM)


@pytest.fixture
def made(tmp_path) -> list[Made]:
    create(tmp_path, ORIGIN)
    return signed_archive(tmp_path, a_log(2)).round(DAY)


def test_a_time_stamp_of_the_authority_holds_for_its_text_alone():
    answer = stamp(_TEXT, _AUTHORITY.answer, _CERTIFICATE)
    digest = hashlib.sha256(_TEXT.encode()).digest()

    at = stamped_at(answer, digest, _CERTIFICATE)
    assert abs((datetime.now(UTC) - at).total_seconds()) < 600
    with pytest.raises(NotStamped):
        stamped_at(answer, bytes(32), _CERTIFICATE)


def test_another_authority_another_purpose_and_another_nonce_are_refused():
    other_key, other = make_key("An authority")
    wrong_key, wrong = make_key("An authority", stamps=False)
    kept = _AUTHORITY.answer

    def replayed(_: bytes) -> bytes:
        return stamp(_TEXT, kept, _CERTIFICATE)

    for ask, root in (
        (kept, other),
        (Authority(other_key, other).answer, _CERTIFICATE),
        (Authority(other_key, _CERTIFICATE).answer, _CERTIFICATE),
        (Authority(wrong_key, wrong).answer, wrong),
        (replayed, _CERTIFICATE),
        (lambda _: b"", _CERTIFICATE),
        (lambda _: b"<html>", _CERTIFICATE),
        (lambda asked: kept(asked)[:-1], _CERTIFICATE),
    ):
        with pytest.raises(NotStamped):
            stamp(_TEXT, ask, root)


def test_checkpoints_are_stamped_and_the_stamps_verify_from_the_folder(tmp_path, made):
    stamper = Stamper(tmp_path, _AUTHORITY.answer, _pem, 60)
    stamper.add(made)
    stamper.round()

    names = {path.stem for path in (tmp_path / TIMESTAMPS).iterdir()}
    assert names == {one.digest for one in made}
    assert timestamp_findings(tmp_path, _CERTIFICATE) == []
    found = timestamp_findings(tmp_path, make_key("An authority")[1])
    assert {one.kind for one in found} == {"bad_signature"}


def test_a_time_stamp_of_another_note_and_a_foreign_file_are_named(tmp_path, made):
    folder = tmp_path / TIMESTAMPS
    folder.mkdir()
    text = split(made[0].note)[0]
    (folder / f"{made[1].digest}.tsr").write_bytes(stamp(text, _AUTHORITY.answer, _CERTIFICATE))
    (folder / "note.txt").write_bytes(b"")

    found = timestamp_findings(tmp_path, _CERTIFICATE)

    assert sorted(one.kind for one in found) == ["bad_signature", "file_foreign"]


def test_an_authority_that_is_away_is_asked_so_often_and_told_when_overdue(tmp_path, made):
    now, asked = [0.0], []

    def away(request: bytes) -> bytes:
        asked.append(request)
        raise OSError

    stamper = Stamper(tmp_path, away, _pem, 100, clock=lambda: now[0])
    stamper.add(made[:1])
    pauses = []
    with logged() as events:
        for _ in range(timestamps.MOST_ATTEMPTS):
            pauses.append(stamper.round())
            now[0] += pauses[-1]
        stamper.round()

    assert stamper.failing_seconds == now[0]
    assert len(asked) == timestamps.MOST_ATTEMPTS
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128]
    assert (events.count("timestamps_overdue"), events.count("timestamp_given_up")) == (1, 1)

    stamper = Stamper(tmp_path, _AUTHORITY.answer, _pem, 100, clock=lambda: now[0])
    stamper.add(made[1:])
    stamper.round()
    assert len(list((tmp_path / TIMESTAMPS).iterdir())) == len(made) - 1


def test_a_root_certificate_that_comes_later_is_used_then(tmp_path, made):
    file = tmp_path / "root.pem"
    stamper = Stamper(tmp_path, _AUTHORITY.answer, file.read_bytes, 60)
    stamper.add(made)
    stamper.round()
    file.write_bytes(b"not yet")
    stamper.round()
    assert not (tmp_path / TIMESTAMPS).exists()

    file.write_bytes(_pem())
    assert stamper.failing_seconds > 0
    stamper.round()
    assert stamper.failing_seconds == 0
    assert len(list((tmp_path / TIMESTAMPS).iterdir())) == len(made)


def test_over_http_every_trouble_is_an_os_error(monkeypatch):
    monkeypatch.setattr(timestamps, "TIMEOUT_SECONDS", 0.3)
    ended = threading.Event()

    class Odd(BaseHTTPRequestHandler):
        def do_POST(self):
            if self.path == "/slow":
                ended.wait(30)
            elif self.path == "/busy":
                self.send_error(503)
            elif self.path == "/rude":
                self.wfile.write(b"SMTP no\r\n\r\n")
            else:
                body = _AUTHORITY.answer(self.rfile.read(int(self.headers["content-length"])))
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = HTTPServer(("127.0.0.1", 0), Odd)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    url = f"http://127.0.0.1:{server.server_port}"
    try:
        assert stamp(_TEXT, asking(f"{url}/good"), _CERTIFICATE)
        for address in (f"{url}/busy", f"{url}/rude", f"{url}/slow", "http://127.0.0.1:1/"):
            with contextlib.suppress(OSError):
                asking(address)(b"")
                pytest.fail(address)
    finally:
        ended.set()
        server.shutdown()
        thread.join()
        server.server_close()


def test_the_sandbox_keeps_its_authority(tmp_path):
    first, second = open_authority(tmp_path), open_authority(tmp_path)

    assert first.pem == second.pem == (tmp_path / "tsa-certificate.pem").read_bytes()
    assert (tmp_path / "tsa-key.pem").stat().st_mode & 0o777 == 0o600
    # The audit of the Docker stack is another user.
    assert (tmp_path / "tsa-certificate.pem").stat().st_mode & 0o777 == 0o644
    assert stamp(_TEXT, second.answer, timestamps.certificate_in(first.pem))
