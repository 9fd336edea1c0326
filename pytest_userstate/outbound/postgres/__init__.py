"""PostgreSQL: finding it, running it, reading its catalog."""
