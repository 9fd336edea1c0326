"""What can be asserted of the audit's answers."""
