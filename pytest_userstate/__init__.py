"""Audit where a backend keeps user state, as a pytest plugin.

Everything public is importable from here, and loaded when it is first used:
a pytest run that does not audit pays for none of it.

>>> from pytest_userstate import Column, SchemaSnapshot, Table
>>> from pytest_userstate import UserStateSchemaAuditReport
>>> users = Table("users", [Column("id", "uuid", is_primary_key=True)])
>>> report = UserStateSchemaAuditReport.evaluate(SchemaSnapshot([users]))
>>> report.users_coverage
<EntitySchemaCoverage.MISSING: 'missing'>

The command ``pytest-userstate`` imports it before pytest, which need not rewrite it:
PYTEST_DONT_REWRITE.
"""

from __future__ import annotations

import ast
import functools
import importlib.metadata
import pathlib


@functools.cache
def _modules() -> dict[str, str]:
    """Return the public names, each with its module, as `__init__.pyi` lists them."""
    stub = pathlib.Path(__file__).with_suffix(".pyi")
    return {
        imported.name: str(statement.module)
        for statement in ast.parse(stub.read_text(encoding="utf-8")).body
        if isinstance(statement, ast.ImportFrom)
        for imported in statement.names
    }


def __getattr__(name: str) -> object:
    """Import a public name from its module when it is first used (PEP 562)."""
    value: object
    if name == "__version__":
        value = importlib.metadata.version("pytest-userstate")
    elif name == "__all__":
        value = sorted(_modules())
    elif not name.startswith("_") and name in _modules():
        value = getattr(importlib.import_module(_modules()[name]), name)
    else:
        message = f"module {__name__!r} has no attribute {name!r}"
        raise AttributeError(message)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """List the public names, loaded or not, and the version."""
    return [*_modules(), "__version__"]
