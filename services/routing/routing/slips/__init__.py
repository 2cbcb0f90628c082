"""The one-stop's slips and its control sheet: what they say, and how they look on paper."""
