"""Read the schema of a database in one way, in this process, and say what it took.

    python benchmarks/reading.py READER URL

prints the seconds and the peak of the memory in megabytes. Each reader runs in a
process that has read nothing before; imports are not counted in the seconds.
"""

from __future__ import annotations

import collections.abc as cabc
import resource
import sys
import time

from made_up import SCHEMAS


def ours(url: str) -> cabc.Callable[[], object]:
    """Read it as an audit does."""
    from pytest_userstate import bootstrap  # noqa: PLC0415 - what is measured
    from pytest_userstate.outbound import live_target  # noqa: F401, PLC0415

    return lambda: bootstrap.snapshot_of(url)


def inspector(url: str) -> cabc.Callable[[], object]:
    """Ask SQLAlchemy's inspector for all tables of a schema at once."""
    import sqlalchemy  # noqa: PLC0415 - another reader needs none of it

    engine = sqlalchemy.create_engine(_for_sqlalchemy(url))

    def read() -> object:
        found = sqlalchemy.inspect(engine)
        return [
            getattr(found, f"get_multi_{kind}")(schema=schema)
            for schema in SCHEMAS
            for kind in (
                *("columns", "pk_constraint", "foreign_keys", "indexes"),
                *("unique_constraints", "check_constraints", "table_comment"),
            )
        ]

    return read


def metadata(url: str) -> cabc.Callable[[], object]:
    """Reflect it into SQLAlchemy's own tables."""
    import sqlalchemy  # noqa: PLC0415 - likewise

    engine = sqlalchemy.create_engine(_for_sqlalchemy(url))

    def read() -> object:
        reflected = sqlalchemy.MetaData()
        for schema in SCHEMAS:
            reflected.reflect(engine, schema=schema)
        return reflected

    return read


def schemainspect(url: str) -> cabc.Callable[[], object]:
    """Read it as migra does."""
    import psycopg2  # noqa: PLC0415 - likewise
    from schemainspect import get_inspector  # noqa: PLC0415 - likewise
    from sqlalchemy import create_engine  # noqa: PLC0415 - likewise

    def read() -> object:
        engine = create_engine(
            "postgresql+psycopg2://", creator=lambda: psycopg2.connect(url)
        )
        with engine.connect() as connection:
            return get_inspector(connection)

    return read


def recognition(url: str) -> cabc.Callable[[], object]:
    """Recognize where user state is stored in it."""
    from pytest_userstate import bootstrap, recognize  # noqa: PLC0415 - likewise

    snapshot = bootstrap.snapshot_of(url)
    return lambda: recognize(snapshot)


def _for_sqlalchemy(url: str) -> str:
    return url.replace("postgresql://", "postgresql+psycopg://")


READERS = {
    reader.__name__: reader
    for reader in (ours, inspector, metadata, schemainspect, recognition)
}


def main() -> None:
    """Read once."""
    _, name, url = sys.argv
    read = READERS[name](url)
    started = time.perf_counter()
    schema = read()
    seconds = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    assert schema is not None  # it was kept until the peak was read
    print(seconds, peak)


if __name__ == "__main__":
    main()
