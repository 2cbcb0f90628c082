"""What every lifecycle event has in common, and the small parts they share."""

from datetime import date
from typing import Annotated, ClassVar, Literal

from pydantic import AwareDatetime, Field, PositiveInt, StringConstraints

from contracts.model import Contract, Sha256Hex

Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9_]{1,64}$")]
Actor = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,80}$")]
#: Where a rule comes from, in Vietnamese: `NĐ 87/2020/NĐ-CP, Điều 12`.
LegalSource = Annotated[str, StringConstraints(min_length=1, max_length=300)]
#: Whose turn of an asking-back it is: 1 for the first acceptance, 2 after a supplement.
Round = Annotated[int, Field(ge=1, le=99)]


class EventData(Contract):
    """The `data` of a lifecycle event; `name` is the last part of its CloudEvents type."""

    name: ClassVar[str]
    service: ClassVar[str]

    @classmethod
    def event_type(cls) -> str:
        """Return the CloudEvents type, for example `vn.hotich.dossier.accepted.v1`."""
        return f"vn.hotich.dossier.{cls.name}.v1"


class ParticularsRef(Contract):
    """Which version of the personal data belongs to an event, by the hash of its ciphertext."""

    version: PositiveInt
    sha256: Sha256Hex


class AttachmentRef(Contract):
    """A claim check: where an attachment is and what its bytes hash to; never its name."""

    kind: Code
    uri: Annotated[str, StringConstraints(pattern=r"^(https|s3|claim)://[^\s?#@]{1,300}$")]
    media_type: Annotated[str, StringConstraints(pattern=r"^[a-z]+/[a-z0-9.+-]{1,80}$")]
    size_bytes: Annotated[int, Field(gt=0, le=50 * 1024 * 1024)]
    sha256: Sha256Hex


class DueStep(Contract):
    """One reason why something is due when it is, from a moment to a moment.

    The notes are sentences without the full stop; `assumed` marks what was not confirmed.
    """

    kind: Code
    from_at: AwareDatetime
    to_at: AwareDatetime
    note_vi: Annotated[str, StringConstraints(max_length=400)]
    note_en: Annotated[str, StringConstraints(max_length=400)]
    source: LegalSource
    assumed: bool = False


class Due(Contract):
    """When something is due, by which limit and calendar, and every step that makes it so.

    `due_at` is the last moment, `due_on` its day in Vietnam, both inclusive. An appointment also
    says what the law and what the published procedure would give, where each has a limit.
    """

    due_at: AwareDatetime
    due_on: date
    value: Annotated[int, Field(ge=0)]
    unit: Literal["same_day", "working_day", "day", "working_hour", "hour"]
    source: LegalSource
    calendar_version: Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{1,64}$")]
    steps: Annotated[tuple[DueStep, ...], Field(max_length=40)]
    statutory_due_on: date | None = None
    published_due_on: date | None = None
