"""Reference data of another folder: a stack that would not start says so before it starts."""

import shutil
from pathlib import Path

import pytest

from local_stack import services, status
from local_stack.errors import StackFailed
from local_stack.places import Place
from reference.loading import DATA


def test_given_rows_that_share_a_day_then_no_stack_is_started_and_both_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = Path(shutil.copytree(DATA, tmp_path / "law"))
    moves = (folder / "moves.csv").read_text(encoding="utf-8")
    broken = moves.replace("79,dual,0,2021-10-12", "79,dual,0,2021-10-10", 1)
    assert broken != moves
    (folder / "moves.csv").write_text(broken, encoding="utf-8")
    monkeypatch.setenv("REFERENCE_DATA", str(folder))

    with pytest.raises(StackFailed, match=r"moves.csv, rows 2 and 3: overlapping validity"):
        status.reference_version()


def test_given_a_folder_named_from_here_then_services_are_told_where_it_really_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REFERENCE_DATA", "law")

    told = services.common(Place(tmp_path, "run"))

    assert told["REFERENCE_DATA"] == str(tmp_path / "law")
