"""Run-time wiring: where it can be read from."""
