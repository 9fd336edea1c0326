"""Recognition: which tables of a schema look as if they kept user state."""
