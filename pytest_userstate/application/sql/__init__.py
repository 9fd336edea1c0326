"""SQL as the catalog deparses it: tokens, types, and what expressions mean."""
