"""PostgreSQL: finding it, running it, reading its catalogue."""
