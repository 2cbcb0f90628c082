"""What stands for a form that is not here."""

from typing import Literal

from contracts.forms.parts import Note
from contracts.model import Contract


class LegacyForm(Contract):
    """The form of an imported dossier: the register holds it already; no portal may submit it."""

    kind: Literal["legacy"]
    register_holds_form: Literal[True]
    note: Note | None = None
