"""Trying out what the audit says, in copies of the migrated database."""
