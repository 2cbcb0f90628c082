"""A report on an archive that a person can read, sign and check."""
