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

OF_POSTGRESQL: typ.Final = frozenset({"pgcrypto", "uuid-ossp"})
"""Those that PostgreSQL itself comes with."""

OF_PLATFORMS: typ.Final = frozenset(
    {
        *("http", "pg_cron", "pg_graphql", "pg_net", "pgjwt", "pgsodium"),
        "supabase_vault",
    }
)
"""Those that platforms have installed: what they would do elsewhere is not done."""

STUB_EXTENSIONS: typ.Final = OF_POSTGRESQL | OF_PLATFORMS
"""The names of the extensions in it."""


def is_stub(name: str, comment: str | None) -> bool:
    """Tell a stub from the real extension, by the comment that its file gives it."""
    return (comment or "").startswith(f"stub of {name}:")
