"""The reasons of a `no` that are ours: what certainly was not sent, and why not."""

#: The gateway certainly did not take the message, and another one is there.
ELSEWHERE = "elsewhere"
#: The person is not on the list of the trial.
TRIAL = "trial"
#: It would cost too much today, and the person has another way.
OVER_CAP = "over_cap"
