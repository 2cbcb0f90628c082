"""What the legal conditions look at: a form, its procedure, and the day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from contracts.portal import FieldProblem
from intake.declared_form import DeclaredForm
from reference import Procedure, Reference

Found = Iterator[FieldProblem]


@dataclass(frozen=True)
class Matter:
    """A form as declared, the procedure it is for (None if it cannot be read), and the day."""

    form: DeclaredForm
    procedure_code: str | None
    on: date
    reference: Reference

    @property
    def procedure(self) -> Procedure | None:
        """Return the procedure as it stands on the day, or None."""
        code = self.procedure_code
        return None if code is None else self.reference.procedure(code, self.on)

    @property
    def counterpart(self) -> Procedure | None:
        """Return the procedure of the same matter with, or without, a foreign element, or None."""
        procedure = self.procedure
        code = None if procedure is None else procedure.counterpart
        return None if code is None else self.reference.procedure(code, self.on)
