"""`make whatif`: the sample dossiers under the law of another day."""

from datetime import UTC, date, datetime

from rich.console import Console

from console.reference_commands import print_whatif
from contracts.model import VIETNAM
from local_stack.as_of import wanted
from local_stack.errors import StackFailed
from reference import load as load_reference
from sandbox.samples import load


def main(day: str) -> None:
    """Print where the law of that day differs from today's, or that of AS_OF."""
    try:
        other = date.fromisoformat(day)
    except ValueError:
        raise StackFailed("DAY", f"cannot read {day!r}", advice="write DAY=2027-03-01") from None
    now = (wanted() or datetime.now(UTC)).astimezone(VIETNAM)
    samples = {
        f"{one.id} {one.submission['procedure_code']}": (one.submission, one.portal)
        for one in load(now, "samples")
    }
    print_whatif(Console(), load_reference(), samples, (now.date(), other))
