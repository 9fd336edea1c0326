"""The audit as one readable pipeline, its settings, and how it is written down."""
