"""What runs in the audited repository's own Python, beside its migration tool.

Nothing of the audit can be imported there, and its version is the repository's
choice: only the standard library and the tool, and no syntax newer than Python
3.8. `__main__` is what is started.
"""
