"""What was repaired before: told again of a dossier, corrected in a run; the SQL of it."""

from dataclasses import dataclass
from uuid import UUID, uuid5

from plumbing.database import Conn
from plumbing.reconciling import Run
from registry_sync.reconciling_rules import CORRECTED, MOST_TOLD_AGAIN, TellAgain, tell_again_kind


@dataclass(frozen=True)
class ToldAgain:
    """How often the register was told of a dossier again, and how such calls stand.

    `is_open`: one is under way or will be. `is_by_hand`: one waits for a person.
    """

    count: int
    is_open: bool
    is_by_hand: bool = False


async def told_again(conn: Conn, rounds: dict[UUID, int]) -> dict[UUID, ToldAgain]:
    """Return it for each dossier in its round."""
    effects = {
        uuid5(dossier_id, tell_again_kind(TellAgain(round_, number))): dossier_id
        for dossier_id, round_ in rounds.items()
        for number in range(1, MOST_TOLD_AGAIN + 1)
    }
    rows = await conn.fetch(
        "SELECT effect_id, state FROM effect WHERE effect_id = ANY($1::uuid[])",
        list(effects),
    )
    found = dict.fromkeys(rounds, ToldAgain(0, is_open=False))
    for row in rows:
        before = found[effects[row["effect_id"]]]
        found[effects[row["effect_id"]]] = ToldAgain(
            before.count + 1,
            before.is_open or row["state"] not in ("DONE", "REJECTED", "MANUAL"),
            before.is_by_hand or row["state"] == "MANUAL",
        )
    return found


async def corrected_before(conn: Conn, run: Run) -> tuple[int, int]:
    """Return how many corrections the run has published, and of how many compared."""
    row = await conn.fetchrow(
        "SELECT compared, (SELECT count(*) FROM difference d WHERE d.run_id = r.run_id"
        " AND repair = $2 AND repaired_at IS NOT NULL) AS corrected"
        " FROM reconciliation r WHERE run_id = $1",
        run.run_id,
        CORRECTED,
    )
    return (row["corrected"], row["compared"]) if row else (0, 0)
