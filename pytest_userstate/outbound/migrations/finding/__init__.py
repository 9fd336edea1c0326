"""Which migrations to audit: where they are, and which tool they are of."""
