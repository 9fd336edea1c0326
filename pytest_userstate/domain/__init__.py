"""The pure centre: what is audited, the rules, and the ports they need.

Standard library and attrs only: no I/O, no clock, no other part of this package.
"""
