"""The release after this one: the one-stop's `accepted` is a new type, and both are read."""

from functools import reduce
from operator import or_
from typing import Annotated, Any, Literal

from pydantic import Discriminator, TypeAdapter, create_model

#: What the next release calls the event; this one does not know it.
TYPE = "vn.hotich.dossier.accepted.v2"


def install() -> None:
    """Let this process say `accepted` in its second version and understand both."""
    from contracts import envelope
    from contracts.events import Accepted

    known: Any = envelope.MODELS
    old = known[Accepted]
    if old.__name__ == "AcceptedSecondEvent":
        return
    version: Any = Literal["vn.hotich.dossier.accepted.v2"]
    new: Any = create_model("AcceptedSecondEvent", __base__=old, type=(version, ...))
    models: list[Any] = [*known.values(), new]
    any_of: Any = reduce(or_, models)
    envelope._ANY = TypeAdapter(Annotated[any_of, Discriminator("type")])
    known[Accepted] = new
    said: Any = Accepted
    said.event_type = classmethod(lambda cls: TYPE)
