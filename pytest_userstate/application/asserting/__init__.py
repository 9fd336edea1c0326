"""What assertions hold against what a test expects, and say where it is not so.

Everything here works on snapshots. Arguments are checked first, and wrongly
written ones are a `TypeError` or `ValueError` whatever the schema looks like; only
then is the schema looked at, and a finding is a `Failure`.
"""
