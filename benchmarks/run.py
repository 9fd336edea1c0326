"""Measure whole runs against what a user would pick instead.

Each comparison runs both commands in turn (A B A B …) in one session, after a
warm-up, and prints the median of each and the ratio pair by pair. PostgreSQL
refuses to run as root and pytest-postgresql starts it directly, so as root
both sides run as an ordinary account.

    make bench
    make bench ARGS="--runs 20 --only repeated"
"""

from __future__ import annotations

import argparse
import collections.abc as cabc
import os
import pathlib
import pwd
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).parents[1]
ACCOUNTS = ("nobody", "postgres")


class Workplace:
    """A temporary folder with copies of what is measured, and who measures."""

    def __init__(self, folder: pathlib.Path) -> None:
        """Lay out the repositories that the commands run in."""
        self.folder = folder
        folder.chmod(0o755)
        for source, name in (
            (ROOT / "examples/baseline", "baseline"),
            (ROOT / "benchmarks/handwritten", "handwritten"),
            (ROOT / "pytest_userstate/outbound/postgres/stubs", "stubs"),
        ):
            shutil.copytree(source, folder / name)
        (folder / "bare").mkdir()
        (folder / "bare/test_bare.py").write_text("def test_bare():\n    pass\n")
        (folder / "home").mkdir()
        self.prefix: list[str] = []
        if os.geteuid() == 0:
            self._as_ordinary_account()

    def _as_ordinary_account(self) -> None:
        account = next(
            pwd.getpwnam(name)
            for name in ACCOUNTS
            if name in {entry.pw_name for entry in pwd.getpwall()}
        )
        for path in (self.folder, *self.folder.rglob("*")):
            os.chown(path, account.pw_uid, account.pw_gid)
        # The capability only lets the account read an interpreter that lies
        # under a closed home folder; PostgreSQL does not care about it.
        self.prefix = [
            "setpriv",
            f"--reuid={account.pw_uid}",
            f"--regid={account.pw_gid}",
            "--clear-groups",
            "--inh-caps=+dac_read_search",
            "--ambient-caps=+dac_read_search",
        ]

    def time(self, command: list[str], cwd: str) -> float:
        """Run a command once; return its wall-clock seconds."""
        started = time.perf_counter()
        done = subprocess.run(
            [*self.prefix, sys.executable, "-m", "pytest", *command],
            cwd=self.folder / cwd,
            env={
                "PATH": os.environ["PATH"],
                "HOME": str(self.folder / "home"),
                "BASELINE": str(self.folder / "baseline"),
                "STUBS": str(self.folder / "stubs"),
            },
            check=False,
            capture_output=True,
            text=True,
        )
        seconds = time.perf_counter() - started
        if done.returncode != 0:
            sys.exit(f"{command} failed:\n{done.stdout}{done.stderr}")
        return seconds

    def compile(self) -> None:
        """Let whoever may write beside the sources write the byte code."""
        subprocess.run(
            [sys.executable, "-m", "pytest", "--userstate-audit", "-q"],
            cwd=ROOT / "examples/baseline",
            env={"PATH": os.environ["PATH"], "HOME": str(self.folder / "home")},
            check=True,
            capture_output=True,
        )

    def forget(self) -> None:
        """Empty the cache, so that the next run is a cold one."""
        shutil.rmtree(self.folder / "home/.cache", ignore_errors=True)


def compare(  # noqa: PLR0913 - two commands, and how to tell of them
    name: str,
    run_a: cabc.Callable[[], float],
    run_b: cabc.Callable[[], float],
    *,
    runs: int,
    bound: str,
    difference: bool = False,
) -> None:
    """Run both in turn; print the medians and the ratio (or difference) of pairs."""
    run_a(), run_b()
    pairs = [(run_a(), run_b()) for _ in range(runs)]
    first, second = (statistics.median(times) for times in zip(*pairs, strict=True))
    print(f"{name}\n  A {first:.3f} s   B {second:.3f} s   over {runs} pairs")
    if difference:
        gap = statistics.median(a - b for a, b in pairs) * 1000
        print(f"  A - B: median {gap:+.1f} ms   (bound: {bound})")
        return
    ratios = sorted(a / b for a, b in pairs)
    print(
        f"  A / B: median {statistics.median(ratios):.2f}, "
        f"from {ratios[0]:.2f} to {ratios[-1]:.2f}   (bound: {bound})"
    )


def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--only", choices=["unused", "cold", "repeated"])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="userstate-bench-") as name:
        place = Workplace(pathlib.Path(name))
        quiet = ["-q", "-p", "no:cacheprovider"]
        place.compile()
        audit = ["--userstate-audit", *quiet]

        def cold() -> float:
            place.forget()
            return place.time(audit, "baseline")

        if options.only in {None, "unused"}:
            compare(
                "plugin loaded but unused (A) against switched off (B)",
                lambda: place.time(quiet, "bare"),
                lambda: place.time(["-p", "no:userstate", *quiet], "bare"),
                runs=options.runs * 4,
                bound="5 ms",
                difference=True,
            )
        if options.only in {None, "cold"}:
            compare(
                "cold audit of baseline (A) against a hand-written test (B)",
                cold,
                lambda: place.time(quiet, "handwritten"),
                runs=options.runs,
                bound="0.6",
            )
        if options.only in {None, "repeated"}:
            compare(
                "repeated audit of baseline (A) against a bare pytest run (B)",
                lambda: place.time(audit, "baseline"),
                lambda: place.time(quiet, "bare"),
                runs=options.runs,
                bound="1.4",
            )


if __name__ == "__main__":
    main()
