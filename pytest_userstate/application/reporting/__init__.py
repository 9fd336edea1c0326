"""How an audit is written down: JSON, Markdown, and text for the terminal."""
