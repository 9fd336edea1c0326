"""Measures whether work grows no faster than its input."""

from __future__ import annotations

import collections.abc as cabc
import gc
import time
import typing as typ

T = typ.TypeVar("T")

_BOUND = 2.5  # times as long for twice the input; 2 would be exactly linear
_ATTEMPTS = 6
_REPETITIONS = 2
_SHORTEST = 0.01  # seconds; shorter times say nothing
_LARGEST = 1 << 14  # if it is still that fast, it grows slowly enough


def expect_linear(
    make: cabc.Callable[[int], T], work: cabc.Callable[[T], object], *, size: int = 500
) -> None:
    """Fail if twice the input takes more than 2.5 times as long.

    Parameters
    ----------
    make : callable
        Returns an input of a given size.
    work : callable
        What is done with it.
    size : int
        Where to begin; it is doubled until the work takes a time worth measuring.
    """
    while _seconds(work, make(size), 1) < _SHORTEST:
        if size >= _LARGEST:
            return
        size *= 2
    ratios = []
    for _ in range(_ATTEMPTS):
        single = _seconds(work, make(size), _REPETITIONS)
        double = _seconds(work, make(2 * size), _REPETITIONS)
        ratios.append(double / single)
        if ratios[-1] <= _BOUND:
            return
    message = f"twice the input (size {size}) takes {min(ratios):.1f} times as long"
    raise AssertionError(message)


def _seconds(work: cabc.Callable[[T], object], material: T, repetitions: int) -> float:
    """Return the least processor time that the work takes."""
    times = []
    gc.disable()
    try:
        for _ in range(repetitions):
            start = time.process_time()
            work(material)
            times.append(time.process_time() - start)
    finally:
        gc.enable()
    return min(times)
