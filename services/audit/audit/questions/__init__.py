"""What auditors ask of the archive: answers folded from the events alone, offline."""
