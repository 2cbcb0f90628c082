"""The archive's documentation is true: its columns are those there are, its lines run."""

import contextlib
import io
import re
from pathlib import Path

import pyarrow as pa
import pytest

from audit.archive import SCHEMA
from tests.conftest import ROOT
from tests.unit.archive_kit import a_log, archive

CHAPTER = (ROOT / "docs" / "audit" / "archive.md").read_text("utf-8")
LINES = dict(re.findall(r"^(\w+):\n\n```python\n(.*?)```", CHAPTER, re.MULTILINE | re.DOTALL))
TYPES = {
    "int32": pa.int32(),
    "int64": pa.int64(),
    "string": pa.string(),
    "binary": pa.binary(),
    "timestamp, ms, UTC": pa.timestamp("ms", tz="UTC"),
    "timestamp, µs, UTC": pa.timestamp("us", tz="UTC"),
    "list of struct `name` string, `value` binary": SCHEMA.field("headers").type,
}


def test_every_column_is_documented_with_its_type_in_its_order():
    part = CHAPTER.partition("## Columns")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|", part, re.MULTILINE)

    assert [(name, TYPES[kind], null != "no") for name, kind, null in rows] == [
        (field.name, field.type, field.nullable) for field in SCHEMA
    ]


@pytest.mark.parametrize("program", ["DuckDB", "PyArrow"])
def test_the_lines_to_read_it_run_and_count_every_event(
    program: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    archive(tmp_path / "archive", a_log(23, minutes=120), rows=20)
    monkeypatch.chdir(tmp_path)

    with contextlib.redirect_stdout(io.StringIO()) as shown:
        exec(LINES[program], {})

    assert re.search(r"\b46\b", shown.getvalue())
    assert "vn.hotich.dossier.citizen_notified.v1" in shown.getvalue()
