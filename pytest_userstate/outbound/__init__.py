"""What the audit drives: PostgreSQL, migration files, configuration files."""
