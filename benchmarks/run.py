"""Measure against what a user would pick instead; write the table of the documentation.

Each row is measured in pairs: both sides run in turn, in one session, so that whatever
else the machine does counts for both. The ratio is the median of the pairs' ratios.
Byte code is written first, as an installer writes it.

    make bench
    make bench ARGS="--only cold repeated --pairs 3"

A whole run takes about an hour. PostgreSQL refuses to run as root and
pytest-postgresql starts it directly, so that as root whole commands run as an ordinary
account.
"""

from __future__ import annotations

import argparse
import contextlib
import datetime as dt
import os
import pathlib
import platform
import re
import statistics
import sys
import tempfile
import time

import commands
import schemas
from rows import Row

from pytest_userstate.outbound.postgres.binaries import (
    find_binaries,
    supported_version,
)

ROOT = pathlib.Path(__file__).parents[1]
PAGE = ROOT / "docs/benchmarks.md"
TABLE = re.compile(r"(?<=<!-- table -->\n\n).*?(?=\n<!-- end -->)", re.DOTALL)
HEAD = """\
| what | ours | the other | ratio (range) | target |
| --- | --- | --- | --- | --- |
"""


def measure(row: Row, pairs: int) -> str:
    """Run both sides of a row in turn; return the row of the table."""
    if row.warms_up:
        row.ours(), row.theirs()
    measured = [(row.ours(), row.theirs()) for _ in range(pairs)]
    ours, theirs = (statistics.median(side) for side in zip(*measured, strict=True))
    if row.is_difference:
        values = sorted((a - b) * 1000 for a, b in measured)
        unit, digits = " ms", 1
    else:
        values = sorted(a / b for a, b in measured)
        unit, digits = "", 2
    low, middle, high = values[0], statistics.median(values), values[-1]
    target = f"at most {row.target:g}{unit}" if row.target is not None else "-"
    if row.is_speed_up:
        target = f"at least {row.target:g}"
    return (
        f"| {row.what} | {ours:.{row.digits}f} {row.unit} |"
        f" {theirs:.{row.digits}f} {row.unit} | {middle:.{digits}f}{unit}"
        f" ({low:.{digits}f} to {high:.{digits}f}, {pairs} pairs) | {target} |"
    )


def write(lines: dict[str, str]) -> None:
    """Replace what was measured in the table, and say where and when."""
    page = PAGE.read_text("utf-8")
    [table] = TABLE.findall(page)
    old = {line.split(" | ")[0]: line for line in table.splitlines() if "|" in line}
    order = [f"| {what}" for what in (*commands.NAMES, *schemas.NAMES)]
    new = old | {line.split(" | ")[0]: line for line in lines.values()}
    rows = "\n".join(new[what] for what in order if what in new)
    page = TABLE.sub(lambda _: f"{HEAD}{rows}\n\n{_place()}\n", page)
    PAGE.write_text(page, "utf-8")


def _place() -> str:
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    load = os.getloadavg()[2]
    return (
        f"Last measured on {dt.datetime.now(dt.UTC).date()}: {os.cpu_count()} cores of"
        f"\n{_processor()}, {memory:.0f} GB,\nLinux {platform.release()}, Python"
        f" {platform.python_version()}, PostgreSQL"
        f" {supported_version(find_binaries().postgres)},\nload {load:.1f} in the last"
        " quarter of an hour."
    )


def _processor() -> str:
    with contextlib.suppress(OSError):
        for line in pathlib.Path("/proc/cpuinfo").read_text("utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(": ")[2]
    return platform.machine()


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    names = [*commands.NAMES.values(), *schemas.NAMES.values()]
    parser.add_argument("--only", nargs="*", choices=names, default=names)
    parser.add_argument("--pairs", type=int, help="in place of each row's own number")
    options = parser.parse_args()
    lines = {}
    with contextlib.ExitStack() as stack:
        name = stack.enter_context(
            tempfile.TemporaryDirectory(prefix="userstate-bench-")
        )
        folder = pathlib.Path(name)
        place = commands.Workplace(folder)
        place.compile()
        for row in (*commands.rows(place), *schemas.rows(place, stack)):
            if row.name not in options.only:
                continue
            if row.lacks:
                print(f"{row.what}: not measured: {row.lacks}")
                continue
            started = time.monotonic()
            lines[row.name] = measure(row, options.pairs or row.pairs)
            print(lines[row.name], f"[{time.monotonic() - started:.0f} s]", flush=True)
    write(lines)


if __name__ == "__main__":
    sys.exit(main())
