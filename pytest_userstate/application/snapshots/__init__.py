"""A schema snapshot as text: JSON that a review can read line by line."""
