"""How assertions compare what a test expects with a snapshot, and what they say.

Arguments are checked first, and wrong ones are a `TypeError` or `ValueError`
whatever the schema looks like; only then is the schema looked at. What does not hold
is a `Failure`.
"""
