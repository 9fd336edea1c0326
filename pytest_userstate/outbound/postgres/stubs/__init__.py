"""Extensions that migrations commonly create and the embedded server lacks.

Declared in SQL, with the signatures of the real ones. PostgreSQL 18 finds them by
``extension_control_path = '$system:<STUBS>'``: it looks in the subfolder
``extension`` of each path.
"""

from __future__ import annotations

import typing as typ
from pathlib import Path

STUBS: typ.Final = Path(__file__).parent
"""The folder to put on the server's ``extension_control_path``."""

_OF_POSTGRESQL: typ.Final = "pgcrypto uuid-ossp"
_OF_PLATFORMS: typ.Final = (
    "http hypopg pg_cron pg_graphql pg_hint_plan pg_net pg_partman pg_repack pgaudit"
    " pgjwt pgsodium postgis supabase_vault"
)
NAMES: typ.Final = f"{_OF_POSTGRESQL} {_OF_PLATFORMS}"
"""The names of the extensions in it, for a query."""

OF_POSTGRESQL: typ.Final = frozenset(_OF_POSTGRESQL.split())
"""Those that PostgreSQL itself comes with."""

OF_PLATFORMS: typ.Final = frozenset(_OF_PLATFORMS.split())
"""Those that platforms have installed: what they would do elsewhere is not done."""

STUB_EXTENSIONS: typ.Final = OF_POSTGRESQL | OF_PLATFORMS
"""The names of the extensions in it."""

LENT: typ.Final = (
    *("amcheck", "autoinc", "bloom", "dict_xsyn", "earthdistance", "insert_username"),
    *("intagg", "moddatetime", "pg_buffercache", "pg_freespacemap", "pg_prewarm"),
    *("pg_stat_statements", "pg_visibility", "pg_walinspect", "pgrowlocks"),
    *("pgstattuple", "refint", "vector"),
)
"""Those of the server that platforms let every owner of a database create.

PostgreSQL itself keeps them to superusers. None of them reaches a file, a program, or
another host: what could is left out (`file_fdw`, `dblink`, `postgres_fdw`, …).
"""


def lend(prefix: Path, folder: Path) -> None:
    """Write control files by which ordinary roles may create what is lent.

    They go into a subfolder ``extension``, and name the scripts of the installation
    below `prefix`.
    """
    (folder / "extension").mkdir(parents=True)
    for share in ("share", "share/postgresql"):
        scripts = prefix / share / "extension"
        for name in LENT:
            control = scripts / f"{name}.control"
            if control.is_file():
                text = control.read_text("utf-8")
                text += f"\ndirectory = '{scripts}'\ntrusted = true\n"
                (folder / "extension" / control.name).write_text(text, "utf-8")


def is_stub(name: str, comment: str | None) -> bool:
    """Tell a stub from the real extension, by the comment that its file gives it."""
    return (comment or "").startswith(f"stub of {name}:")
