"""The rows of what a one-stop does: reasons of its acts, redirections, its slips; and the move."""

from enum import StrEnum
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, StringConstraints, model_validator

from reference.rows import ProvinceCode, Row, Text, empty_is_none

WRONG_AUTHORITY = "wrong_authority"


class Act(StrEnum):
    """What an authority does with a dossier for a reason from a closed list.

    Source: NĐ 61/2018/NĐ-CP, Điều 19; TT 03/2025/TT-VPCP, Mẫu 04 and 05; statuses 7 and 8.
    """

    STOP = "stop"
    APOLOGY = "apology"
    VERIFICATION = "verification"
    FORWARD = "forward"
    WITHDRAW = "withdraw"


class ActReason(Row):
    """A reason from the closed list for an act, in the words the citizen reads."""

    act: Act
    code: Annotated[str, StringConstraints(pattern=r"^[a-z_]+$")]
    text_vi: Text
    text_en: Text


class RedirectionAct(StrEnum):
    """What a one-stop that is not competent does: tells the citizen, or sends the dossier on."""

    RETURN = "return"
    FORWARD = "forward"


class Reach(StrEnum):
    """How far a dossier may be sent on: within the province, or anywhere in the country."""

    PROVINCE = "province"
    NATION = "nation"


class Redirection(Row):
    """What a one-stop does with a dossier another authority is competent for.

    `reach` is how far it sends it on, None where it does not.

    Source: Luật Hộ tịch 2014, Điều 9(3); NĐ 118/2025/NĐ-CP; NĐ 120/2025/NĐ-CP, Điều 4.
    """

    key: Annotated[str, StringConstraints(pattern=f"^{WRONG_AUTHORITY}$")]
    act: RedirectionAct
    reach: Annotated[Reach | None, BeforeValidator(empty_is_none)]

    @model_validator(mode="after")
    def _only_what_is_sent_on_has_a_reach(self) -> Self:
        if (self.reach is not None) is not (self.act is RedirectionAct.FORWARD):
            raise ValueError("a reach belongs to a dossier that is sent on, and to it alone")
        return self


class MoveState(StrEnum):
    """How far a province is with its move from the ministry's direct form to the portals.

    `LEGACY`: the direct form alone; `DUAL`: both; `PORTAL_ONLY`: the portals alone.

    Source: letter of 12 October 2021 (số: /CNTT-PM&CSDL).
    """

    LEGACY = "legacy"
    DUAL = "dual"
    PORTAL_ONLY = "portal-only"


class Move(Row):
    """The state of a province's move from one day to another, and why it is so.

    In `PORTAL_ONLY` what was submitted by the direct form before the cut-over is still taken in
    the first `grace_days` days, the day of the cut-over included.
    """

    province_code: ProvinceCode
    state: MoveState
    grace_days: Annotated[int, Field(ge=0)]
    reason: Text

    @model_validator(mode="after")
    def _only_the_cut_over_has_grace(self) -> Self:
        if self.grace_days and self.state is not MoveState.PORTAL_ONLY:
            raise ValueError("only a province on the portals alone has days of grace")
        return self


class Slip(StrEnum):
    """The papers a one-stop gives or keeps; each has a form of the Government Office."""

    ACCEPTANCE = "acceptance"
    SUPPLEMENT = "supplement"
    REFUSAL = "refusal"
    APOLOGY = "apology"
    STOP = "stop"
    CONTROL_SHEET = "control_sheet"
    REGISTER_BOOK = "register_book"


class SlipForm(Row):
    """The form (Mẫu) of a slip: its number and title.

    Source: TT 01/2018/TT-VPCP until 2025-09-14; TT 03/2025/TT-VPCP.
    """

    key: Slip
    number: Annotated[str, StringConstraints(pattern=r"^\d{2}$")]
    title_vi: Text
    title_en: Text
