"""Every test is in one lane, so that `make test` runs it, and once."""

from collections import Counter
from itertools import chain

from tests.lanes import ALONE, LANES, ROOT, paths_of


def test_every_test_file_is_in_one_lane() -> None:
    run: Counter[str] = Counter()
    for path in paths_of(chain(*LANES.values(), *ALONE.values())):
        files = [ROOT / path] if path.suffix else (ROOT / path).rglob("test_*.py")
        run.update(str(file.relative_to(ROOT)) for file in files)

    there = {str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py")}
    assert set(run) == there
    assert set(run.values()) == {1}
