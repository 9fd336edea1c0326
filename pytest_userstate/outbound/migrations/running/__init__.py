"""Applying a plan over a connection, and the words of what goes wrong."""
