"""Measure what recognition adds for a schema of 10,000 tables.

Each table has a key to the users' table, which is the worst case: every table may
hold something of a user. Each measurement is a process of its own, since an audit
recognizes once, with nothing in its caches. The seconds are of the processor, so
that other programs on the machine count less.

    .venv/bin/python benchmarks/recognition.py
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

TABLES = 10_000
RUNS = 7
LIMIT = 0.3
"""Seconds that recognition may add."""


def measure() -> float:
    """Return the seconds of the first recognition in this process."""
    from pytest_userstate import (  # noqa: PLC0415 - the parent needs none of it
        Column,
        ForeignKey,
        SchemaSnapshot,
        Table,
        recognize,
    )

    def identifier() -> Column:
        return Column("id", "bigint", is_primary_key=True)

    def texts(*names: str) -> list[Column]:
        return [Column(name, "text") for name in names]

    users = Table("users", [identifier(), *texts("email", "password_hash")])
    tables = [
        Table(
            f"thing_{number}",
            [
                identifier(),
                Column("user_id", "bigint"),
                Column(f"part{number % 97}_id", "bigint"),
                Column("created_at", "timestamp with time zone"),
                *texts("name", "status", f"detail_{number}"),
            ],
            foreign_keys=[
                ForeignKey(
                    name="fk",
                    columns=["user_id"],
                    target_table="users",
                    target_columns=["id"],
                )
            ],
        )
        for number in range(TABLES)
    ]
    snapshot = SchemaSnapshot([users, *tables])
    started = time.process_time()
    recognize(snapshot)
    return time.process_time() - started


def main() -> None:
    """Print the median of several processes, and fail if it is over the limit."""
    command = [sys.executable, __file__, "--once"]
    seconds = [
        float(subprocess.run(command, capture_output=True, check=True).stdout)
        for _ in range(RUNS)
    ]
    median = statistics.median(seconds)
    print(
        f"recognize, {TABLES:,} tables: {median:.2f} s of the processor "
        f"(lowest {min(seconds):.2f}, highest {max(seconds):.2f}; limit {LIMIT} s)"
    )
    if median > LIMIT:
        sys.exit(1)


if __name__ == "__main__":
    if "--once" in sys.argv:
        print(measure())
    else:
        main()
