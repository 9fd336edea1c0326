"""Migration files: one module per tool, one runner for all of them."""
