"""Schemas and answers in words, and what differs between two of them."""
