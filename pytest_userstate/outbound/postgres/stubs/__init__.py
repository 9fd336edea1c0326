"""Extensions that migrations commonly create and the embedded server lacks.

Declared in SQL, with the signatures of the real ones. PostgreSQL 18 finds them by
``extension_control_path = '$system:<STUBS>'``: it looks in the subfolder
``extension`` of each path.
"""

from __future__ import annotations

import re
import typing as typ
from pathlib import Path

import attrs

from pytest_userstate.outbound.migrations.sql import statements

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


# Of the hundreds that PostgreSQL takes from ICU: languages, and some of their regions.
_LANGUAGES: typ.Final = (
    "und af am ar as az be bg bn bs ca cs cy da de ee el en eo es et eu fa ff fi "
    "fil fo fr ga gl gu ha haw he hi hr hu hy id ig is it ja ka kk kl km kn ko "
    "kok ku ky lb lkt ln lo lt lv mk ml mn mr ms mt my ne nl nn no om or pa pl ps "
    "pt ro ru sa se si sk sl sq sr sv sw ta te th tk to tr ug uk ur uz vi wae wo "
    "xh yi yo zh zu "
)
_REGIONS: typ.Final = (
    "ar-AE ar-EG ar-SA bg-BG ca-ES cs-CZ da-DK de-AT de-CH de-DE el-GR en-AU en- "
    "CA en-GB en-IE en-IN en-NZ en-US en-ZA es-AR es-CL es-CO es-ES es-MX et-EE "
    "fa-IR fi-FI fr-BE fr-CA fr-CH fr-FR he-IL hi-IN hr-HR hu-HU id-ID it-CH it- "
    "IT ja-JP ko-KR lt-LT lv-LV nb-NO nl-BE nl-NL pl-PL pt-BR pt-PT ro-RO ru-RU "
    "sk-SK sl-SI sv-SE th-TH tr-TR uk-UA vi-VN zh-Hans zh-Hans-CN zh-Hant zh- "
    "Hant-HK zh-Hant-TW "
)
ICU_COLLATIONS: typ.Final = tuple(
    f"{name}-x-icu" for name in f"{_LANGUAGES} {_REGIONS}".split()
)

_MAKES: typ.Final = re.compile(
    r"\Acreate\s+collation\s+(?:if\s+not\s+exists\s+)?([^(]+?)\s*\("
    r".*\bprovider\s*=\s*'?icu\b.*\Z",
    re.IGNORECASE | re.DOTALL,
)
_STUB: typ.Final = ' FROM pg_catalog."C"'


@attrs.frozen
class Replaced:
    """A text with stubs in place of collations of ICU, as long as it was."""

    sql: str
    # The lines and names of those collations.
    collations: tuple[tuple[int, str], ...] = ()


def with_stubs(sql: str) -> Replaced:
    """Return a text in which no statement makes a collation of ICU.

    >>> with_stubs("CREATE COLLATION ci (provider = icu, locale = 'und')").sql.rstrip()
    'CREATE COLLATION ci FROM pg_catalog."C"'
    """
    if "icu" not in sql.lower() or "collation" not in sql.lower():
        return Replaced(sql)
    found = []
    for statement in statements(sql):
        match = _MAKES.match(statement.text)
        if match is None:
            continue
        start, end = statement.start + match.end(1), statement.start + match.end()
        lines = "\n" * sql.count("\n", start, end)
        stub = (_STUB + lines).ljust(end - start)
        if len(stub) == end - start:
            sql = f"{sql[:start]}{stub}{sql[end:]}"
            found.append((statement.line, match[1]))
    return Replaced(sql, tuple(found))
