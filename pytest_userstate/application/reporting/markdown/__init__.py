"""The audit as a page to read and to commit, in Markdown.

One fact stands on one line, so that a change of one is a change of one line.
"""
