"""What must show nowhere: every password, key and token among a stack's secrets."""

import re
from typing import Any

#: No name, scope, address or instant is written like it.
_SECRET = re.compile(r"[A-Za-z0-9+/=_-]{24,}")


def secret_words(kept: Any) -> set[str]:
    """Return every text of a tree of secrets that looks random."""
    if isinstance(kept, dict):
        return {word for one in kept.values() for word in secret_words(one)}
    return {kept} if isinstance(kept, str) and _SECRET.fullmatch(kept) else set()
