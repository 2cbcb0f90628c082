"""Ends a TLS connection without waiting for the other side's goodbye."""

import contextlib
import ssl


class Leaving(ssl.SSLObject):
    """Says goodbye and goes: a broker that never answers it held a client's end for 30 seconds."""

    def unwrap(self) -> None:
        """Write our goodbye; both event loops close the connection when this returns."""
        with contextlib.suppress(ssl.SSLWantReadError):
            super().unwrap()
