"""`hotich`: the command line of operators and of those who keep the law as data."""
