"""Measure a test's private database against PostgreSQL's own part of it.

A copy is `CREATE DATABASE … TEMPLATE`, a connection, and `DROP DATABASE`; the other
side is the two statements alone, on a connection that is open already.
"""

from __future__ import annotations

import pathlib
import statistics
import time

from pytest_userstate import bootstrap
from pytest_userstate.application.settings import AuditRequest

ROOT = pathlib.Path(__file__).parents[1]
PAIRS = 30


def main() -> None:
    """Time both in turn; print the medians and the ratio pair by pair."""
    folder = ROOT / "examples/baseline"
    prepared = bootstrap.prepare(AuditRequest(invocation_dir=folder, root_dir=folder))
    with bootstrap.open_baseline(prepared) as baseline:
        admin = baseline.admin

        def copy() -> float:
            started = time.perf_counter()
            with baseline.copy():
                pass
            return time.perf_counter() - started

        def bare() -> float:
            started = time.perf_counter()
            admin.execute("CREATE DATABASE bare TEMPLATE userstate")
            admin.execute("DROP DATABASE bare")
            return time.perf_counter() - started

        copy(), bare()
        pairs = [(copy(), bare()) for _ in range(PAIRS)]
    first, second = (statistics.median(side) for side in zip(*pairs, strict=True))
    ratio = statistics.median(a / b for a, b in pairs)
    print("a private database (A) against CREATE and DROP DATABASE alone (B)")
    print(f"  A {first * 1000:.1f} ms   B {second * 1000:.1f} ms   over {PAIRS} pairs")
    print(f"  A / B: median {ratio:.2f}   (bound: 1.5)")


if __name__ == "__main__":
    main()
