"""What people write for colleagues: kept for ever, so nothing personal and one line only."""

from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from plumbing.logs import is_personal


def _for_colleagues(text: str) -> str:
    if not text.isprintable():
        raise PydanticCustomError("control_character", "holds a control character")
    if is_personal(text):
        raise PydanticCustomError("personal_data", "holds personal data")
    return text


#: A code or a short sentence; refused with an identity number, a phone number or an address in it.
Reason = Annotated[str, Field(min_length=1, max_length=200), AfterValidator(_for_colleagues)]
