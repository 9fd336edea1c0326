"""Advisories: what is worth a second look in the tables that keep user state.

They never change a decision or an outcome. Each has a code that stays, and a
section in ``docs/advisories.md``.
"""
