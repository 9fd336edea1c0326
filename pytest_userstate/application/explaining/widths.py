"""How wide a line is that pytest shows beneath its own margin, and how long a text."""

from __future__ import annotations

import typing as typ

WIDTH: typ.Final = 72
_LONGEST_TEXT: typ.Final = 400


def shortened(text: str, length: int = _LONGEST_TEXT) -> str:
    """Return the text, its middle left out where it is too long to be read."""
    if len(text) <= length:
        return text
    half = (length - 3) // 2
    return f"{text[:half]} … {text[-half:]}"
