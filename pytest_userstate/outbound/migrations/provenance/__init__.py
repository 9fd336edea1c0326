"""Which migration made, changed, and dropped each part of the schema."""
