"""What pytest drives: options, items, fixtures, the terminal, xdist."""
