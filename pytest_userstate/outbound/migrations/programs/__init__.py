"""Migrating by a program of the repository's own, watched from inside."""
