"""Whether two schemas mean the same, and how a difference is told."""
