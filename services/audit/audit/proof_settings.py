"""What signing checkpoints is told by its environment."""

import json
from pathlib import Path
from typing import Annotated

from pydantic import Field

from audit.notes import COSIGNS, Verifier
from audit.signing import SigningKeys
from plumbing.settings import ProcessSettings


class ProofSettings(ProcessSettings):
    """The keys, how often to sign, the time-stamping authority and the witnesses.

    Without keys nothing is signed; without `tsa_url` nothing is time-stamped. `tsa_certificate` is
    the file of the authority's root in PEM; `witnesses` a JSON list of verifier texts.
    """

    audit_keys: Annotated[str, Field(repr=False)] = ""
    checkpoint_minutes: Annotated[float, Field(gt=0, le=1_440)] = 5.0
    tsa_url: str = ""
    tsa_certificate: Path | None = None
    #: When this long nothing was time-stamped, an error is logged.
    tsa_overdue_minutes: Annotated[float, Field(gt=0)] = 60.0
    witnesses: str = ""

    def keys(self) -> SigningKeys:
        """Return the keys to sign with; raises BadKeys."""
        return SigningKeys.from_json(self.audit_keys)

    def witness_keys(self) -> list[Verifier]:
        """Return the keys of the witnesses whose cosignatures are taken; raises ValueError."""
        texts = json.loads(self.witnesses) if self.witnesses.strip() else []
        found = [Verifier.parse(text) for text in texts]
        if any(one.kind != COSIGNS for one in found):
            raise ValueError("a witness has a key that cosigns (as keygen --witness shows it)")
        return found
