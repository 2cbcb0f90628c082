"""Small wrongs put into the sequence and offset conditions, one at a time: a test must see each."""
