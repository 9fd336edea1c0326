"""A service that keeps the preferences of its users."""
