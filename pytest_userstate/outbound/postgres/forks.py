"""Forks of this process: none while a program is being started.

A fork takes every open descriptor along. One of the moment in which the pipes to a
new program are still open at both ends would keep the program waiting for their end
for as long as the fork lives. That is nobody's care as long as one thread does
everything; but a server is started in a thread of its own, and a test suite may
fork at any time.
"""

from __future__ import annotations

import os
import threading

# Reentrant: a signal's handler may fork as well.
held_off = threading.RLock()

if hasattr(os, "register_at_fork"):  # Windows has no forks
    os.register_at_fork(
        before=held_off.acquire,
        after_in_parent=held_off.release,
        after_in_child=held_off.release,
    )
