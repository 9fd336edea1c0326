"""SQL as the catalogue deparses it: tokens, types, and what expressions mean."""
