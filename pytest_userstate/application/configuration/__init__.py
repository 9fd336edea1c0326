"""The configuration file: its shape, reading it, and what it means."""
