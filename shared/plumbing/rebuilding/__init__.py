"""A service's database made once more from the log, compared, and put in the live one's place."""
