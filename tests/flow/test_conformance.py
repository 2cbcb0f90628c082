"""The conformance kit against the intake of the whole stack: it passes every check."""

import json
from pathlib import Path

from console.conformance import submitting
from local_stack import promise
from local_stack.stack import Stack
from tests.flow.kit import until
from tests.integration.conformance_kit import verdicts

ROOT = Path.cwd()
CLIENT = "national-portal"


async def test_the_intake_passes_every_check_and_what_the_kit_handed_in_is_withdrawn(
    stack: Stack, tmp_path: Path
):
    status = stack.status()
    secrets = json.loads((ROOT / status.secrets).read_text(encoding="utf-8"))
    journal = Path(status.sandbox["journal"])
    before = len(promise.read_journal(journal))

    told = await verdicts(
        tmp_path,
        *("submit", "--url", status.urls["intake"], "--client", CLIENT),
        *("--token-url", f"{status.sandbox['url']}/oauth/token"),
        *("--secret", secrets["clients"][CLIENT]["secret"]),
    )

    assert told == (0, dict.fromkeys(submitting.KIT.words, "passed"))

    async def withdrawn() -> bool:
        kit = [
            one
            for one in promise.read_journal(journal)[before:]
            if str(one.get("portal_reference", "")).startswith("KIT-")
        ]
        return [one["step"] for one in kit] == ["submitted", "withdrawn"]

    await until(withdrawn, "the only dossier of the kit is withdrawn, and nothing else came of it")
