"""The stack that is measured, and everything that was sent to it since it is up."""

import json
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console

from local_stack.stack import Stack
from local_stack.status import Status
from sandbox.samples import Sample
from tests.chaos.campaign.course import Sent
from tests.chaos.campaign.personal import personal_values

ROOT = Path(__file__).parents[3]
#: Of so many the names and numbers are looked for where nothing personal may stand.
_PEOPLE = 300
GIVE_UP_SECONDS = 600.0


@dataclass
class Ground:
    """What a run needs; `sent` is what the verdict compares everything with."""

    stack: Stack
    console: Console
    status: Status = field(init=False)
    secrets: dict[str, Any] = field(init=False)
    began_at: datetime = field(init=False)
    sent: dict[str, Sent] = field(default_factory=dict)
    personal: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        """Look at the stack as it is now."""
        self.status = self.stack.status()
        self.began_at = datetime.now(UTC)
        secrets = Path(self.stack.place.root) / self.status.secrets
        self.secrets = json.loads(secrets.read_text(encoding="utf-8"))

    def sending(self, sample: Sample, road: Any) -> None:
        """Note that a submission is about to be handed in."""
        reference = str(sample.submission["portal_reference"])
        self.sent[reference] = Sent(
            sample.portal, reference, road, sample.expect, datetime.now(UTC), "info"
        )
        if len(self.sent) <= _PEOPLE:
            self.personal |= personal_values(sample.submission)

    def taken(self, sample: Sample, receipt: dict[str, Any]) -> None:
        """Note that it was acknowledged; over HTTP the receipt has code and id."""
        reference = str(sample.submission["portal_reference"])
        code, dossier_id = receipt.get("dossier_code"), receipt.get("dossier_id")
        known = self.sent[reference]
        self.sent[reference] = replace(known, outcome="ok", code=code, dossier_id=dossier_id)
