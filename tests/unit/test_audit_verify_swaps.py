"""Two records of different dossiers that changed places: no chain tells, the signed root does."""

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from audit.archive import SCHEMA, listing
from audit.verifying.results import Asked
from audit.verifying.swaps import MOST
from audit.verifying.verify import verify
from tests.unit.archive_kit import a_log, archive
from tests.unit.proof_kit import INTAKE, a_signer, signed_archive


def swapped(root: Path, columns: set[str]) -> tuple[list[int], set[str | None]]:
    """Let the first and the third record of a place change places; return what was done."""
    files = [one for one in listing(root).segments if one.topic == INTAKE]
    segment = max(files, key=lambda one: one.last - one.first)
    rows = pq.ParquetFile(root / segment.file).read().to_pylist()
    for name in columns:
        rows[0][name], rows[2][name] = rows[2][name], rows[0][name]
    pq.write_table(pa.Table.from_pylist(rows, schema=SCHEMA), root / segment.file)
    dossiers = {rows[0]["dossier_id"], rows[2]["dossier_id"]}
    return [rows[0]["offset"], rows[2]["offset"]], dossiers


@pytest.mark.parametrize("with_time", [True, False])
def test_both_are_named_when_few_lie_between_two_checkpoints(tmp_path: Path, with_time: bool):
    root = signed_archive(tmp_path, a_log(30)).root
    offsets, dossiers = swapped(root, columns_of(with_time=with_time))

    found = verify(root, Asked(keys=(a_signer(1).verifier,)))

    named = [one for one in found.findings if one.kind == "swapped"]
    assert [one.offset for one in named] == offsets
    assert {str(one.dossier_id) for one in named} == dossiers
    assert found.verdict.name == "ALTERED"


def test_of_more_than_are_tried_the_range_is_named(tmp_path: Path):
    log = a_log(MOST * 9)
    root = signed_archive(tmp_path, log).root
    swapped(root, columns_of(with_time=True))

    kinds = {one.kind for one in verify(root, Asked(keys=(a_signer(1).verifier,))).findings}

    assert "root_differs" in kinds
    assert "swapped" not in kinds


def test_what_is_only_changed_is_not_called_swapped(tmp_path: Path):
    root = signed_archive(tmp_path, a_log(12)).root
    archive(tmp_path / "other", a_log(12, minutes=2))
    files = [one for one in listing(root).segments if one.topic == INTAKE]
    segment = max(files, key=lambda one: one.last - one.first)
    (root / segment.file).write_bytes((tmp_path / "other" / segment.file).read_bytes())

    kinds = {one.kind for one in verify(root, Asked(keys=(a_signer(1).verifier,))).findings}

    assert "root_differs" in kinds
    assert "swapped" not in kinds


def columns_of(*, with_time: bool) -> set[str]:
    return set(SCHEMA.names) - {"partition", "offset"} - (set() if with_time else {"timestamp"})
