"""What a row of the table compares."""

from __future__ import annotations

import collections.abc as cabc

import attrs

Measure = cabc.Callable[[], float]


@attrs.frozen(kw_only=True)
class Row:
    """Two ways to the same answer, and how much the first may take."""

    # How it is called on the command line.
    name: str
    # How it is called in the table.
    what: str
    ours: Measure
    theirs: Measure
    # How much longer ours may take.
    target: float | None
    pairs: int
    unit: str = "s"
    digits: int = 2
    # Whether the difference in milliseconds counts, and not the ratio.
    is_difference: bool = False
    # Whether the ratio should be large.
    is_speed_up: bool = False
    # Whether a first pair is not counted.
    warms_up: bool = True
    # What is not installed here.
    lacks: str = ""
