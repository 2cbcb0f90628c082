"""A connection given back to the pool is not reset: nothing may be left in its session."""

import re

from tests.architecture.repository import named, short

#: What outlives a transaction: settings, locks, listening, and tables that are only there.
_STAYS = re.compile(
    r"[\"';]\s*SET (?!LOCAL )|\bset_config\([^)]*false"
    r"|pg_(?:try_)?advisory_lock|\bLISTEN |CREATE TEMP|\bPREPARE "
)
#: Connections of their own, and `comparing`, which unlocks.
KNOWN = {
    "shared/plumbing/comparing.py",
    "shared/plumbing/migrating.py",
    "shared/plumbing/relay.py",
    "shared/plumbing/rebuilding/comparing.py",
    "services/audit/audit/questions/reading.py",
}


def test_nobody_leaves_anything_in_a_session_of_the_pool() -> None:
    files = [path for folder in ("shared", "services") for path in named(".py", folder)]
    assert {short(path) for path in files if _STAYS.search(path.read_text())} == KNOWN
