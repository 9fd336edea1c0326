"""The migration tools: one module (or package) each, and what some of them share."""
