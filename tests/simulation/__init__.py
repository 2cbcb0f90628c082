"""The real core under virtual time: one seed is one run, and the same seed is the same run."""
