"""What auditors follow beside the lifecycle: who read personal data, block by block."""

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, PositiveInt

from contracts.model import Contract, Sha256Hex

ACCESS_BLOCK_TYPE = "vn.hotich.access.sealed.v1"
#: The services that hold personal data, and so have reads and decrypts to tell of.
Holder = Literal["intake", "routing", "registry-sync", "notifier"]


class AccessBlock(Contract):
    """Some accesses to personal data in a row, sealed; the rows stay in the service's database.

    `block` counts 1, 2, 3 … per service without a gap. `first` and `last` are the numbers of the
    rows, both inclusive, `count` how many there are; `sha256` is the digest of the rows, and
    `prevhash` the SHA-256 of the bytes of the block before (64 zeros first). Nothing personal.
    """

    type: Literal["vn.hotich.access.sealed.v1"] = "vn.hotich.access.sealed.v1"
    service: Holder
    block: PositiveInt
    first: PositiveInt
    last: PositiveInt
    count: Annotated[int, Field(ge=1, le=100_000)]
    sha256: Sha256Hex
    prevhash: Sha256Hex
    sealed_at: AwareDatetime
