"""Writes what the code shows and logs into `docs/metrics.md` and `docs/log-events.md`."""
