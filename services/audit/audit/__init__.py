"""The archive of the log, its signed checkpoints, and what auditors ask of them."""
