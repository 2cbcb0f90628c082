"""What waits for people: parked, dead letters, in doubt, by hand; looked at and acted on."""
