"""Keeping the garbage collector away from what is no garbage."""

from __future__ import annotations

import collections.abc as cabc
import contextlib
import gc


@contextlib.contextmanager
def undisturbed() -> cabc.Iterator[None]:
    """Import without the garbage collector, and leave it nothing to look through.

    A hundred modules make objects by the ten thousand, all to stay. Looking
    through them takes a fifth of the time that importing does, and pytest and
    Python look through everything several more times when they end. What is there
    now is left out of that from here on; once, so that a process which runs pytest
    again and again does not keep what earlier runs made.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if not gc.get_freeze_count():
            gc.freeze()
        if was_enabled:
            gc.enable()
