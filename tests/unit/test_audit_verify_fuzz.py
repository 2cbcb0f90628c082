"""No change of a sealed archive goes unseen, and no bytes in it end in a traceback."""

import shutil
from collections.abc import Callable
from contextlib import nullcontext
from functools import lru_cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory, mkdtemp

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit.archive import NotAnArchive, origin_of, read
from audit.findings import Verdict
from audit.verifying.results import Asked
from audit.verifying.verify import verify
from tests.unit.archive_kit import a_log
from tests.unit.audit_verify_kit import a_sealed, edit, files_of

Row = dict[str, object]
Change = Callable[[list[Row], Random], None]


@lru_cache(maxsize=1)
def _sound() -> Path:
    root, _ = a_sealed(Path(mkdtemp(prefix="sound-")) / "archive", a_log(12), rows=9)
    assert verify(root, Asked()).verdict is Verdict.SOUND
    return root


@pytest.fixture(autouse=True, scope="module")
def _swept():  # type: ignore[no-untyped-def]
    yield
    shutil.rmtree(_sound().parent)
    _sound.cache_clear()


def _flip(value: bytes, random: Random) -> bytes:
    at = random.randrange(len(value))
    return value[:at] + bytes([value[at] ^ 1 << random.randrange(8)]) + value[at + 1 :]


def _value(rows: list[Row], random: Random) -> None:
    row = random.choice(rows)
    row["value"] = _flip(bytes(row["value"]), random)  # type: ignore[arg-type]


def _key(rows: list[Row], random: Random) -> None:
    row = random.choice(rows)
    row["key"] = random.choice([None, _flip(bytes(row["key"]), random)])  # type: ignore[arg-type]


def _headers(rows: list[Row], random: Random) -> None:
    row = random.choice(rows)
    row["headers"] = random.choice([[], [{"name": "content-type", "value": b"x"}]])


def _drop(rows: list[Row], random: Random) -> None:
    rows.pop(random.randrange(len(rows)))


def _drop_and_renumber(rows: list[Row], random: Random) -> None:
    first = rows[0]["offset"]
    _drop(rows, random)
    for number, row in enumerate(rows):
        row["offset"] = first + number  # type: ignore[operator]


def _again(rows: list[Row], random: Random) -> None:
    at = random.randrange(len(rows))
    rows.insert(at, dict(rows[at]))


def _swap(rows: list[Row], random: Random) -> None:
    if len(rows) == 1:
        return
    one, other = random.sample(range(len(rows)), 2)
    rows[one], rows[other] = rows[other], rows[one]


def _derived(rows: list[Row], random: Random) -> None:
    row, name = random.choice(rows), random.choice(["event_id", "type", "dossier_id", "code"])
    row[name] = random.choice([None, f"{row[name]}x", str(row[name])[:-1]])


def _number(rows: list[Row], random: Random) -> None:
    row, name = random.choice(rows), random.choice(["sequence", "offset", "partition"])
    row[name] += random.choice([-1, 1, 1000])  # type: ignore[operator]


CHANGES: tuple[Change, ...] = (
    _value,
    _key,
    _headers,
    _drop,
    _drop_and_renumber,
    _again,
    _swap,
    _derived,
    _number,
)


@settings(max_examples=40, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32), change=st.sampled_from(CHANGES))
def test_a_single_change_of_a_record_is_never_sound(seed: int, change: Change) -> None:
    random = Random(seed)
    with TemporaryDirectory() as folder:
        root = shutil.copytree(_sound(), Path(folder) / "archive")
        topic = random.choice(sorted(one.name for one in (root / "log").iterdir()))
        places = [
            (topic.removeprefix("topic="), partition)
            for partition in range(6)
            if list((root / "log" / topic).glob(f"day=*/p{partition:02d}-*"))
        ]
        segments = files_of(root, *random.choice(places))
        segment = random.choice([one for one in segments if one.last > one.first] or segments)
        before = read(root, segment)
        edit(root, segment, lambda rows: change(rows, random))
        if read(root, segment).equals(before):
            return

        report = verify(root, Asked())

        assert report.verdict is not Verdict.SOUND
        assert all(one.text for one in report.findings)


@settings(max_examples=80, deadline=None, derandomize=True)
@given(seed=st.integers(0, 2**32))
def test_random_bytes_in_any_file_end_in_a_verdict(seed: int) -> None:
    random = Random(seed)
    with TemporaryDirectory() as folder:
        root = shutil.copytree(_sound(), Path(folder) / "archive")
        files = sorted(one for one in root.rglob("*") if one.is_file())
        named = random.choice([sorted(root.glob("*.json")), files, files])
        file = random.choice(named)
        content = bytearray(file.read_bytes())
        at = random.randrange(len(content))
        kind = random.randrange(4)
        if kind == 0:
            content[at] ^= 1 << random.randrange(8)
        elif kind == 1:
            del content[at:]
        elif kind == 2:
            content[at : at + 8] = random.randbytes(8)
        else:
            content[:] = random.randbytes(random.randrange(200))
        file.write_bytes(content)

        expected = pytest.raises(NotAnArchive) if _is_none(root) else nullcontext()
        with expected:
            verify(root, Asked(strict=True, causes=True))


def _is_none(root: Path) -> bool:
    try:
        return origin_of(root) == ""
    except NotAnArchive:
        return True
