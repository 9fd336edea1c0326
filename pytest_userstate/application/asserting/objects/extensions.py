"""Assertions about extensions."""

from __future__ import annotations

from pytest_userstate.application.asserting import arguments
from pytest_userstate.application.asserting.arguments import Unspecified
from pytest_userstate.application.asserting.facts import (
    Facts,
    flag_fact,
    name_fact,
    text_fact,
)
from pytest_userstate.application.asserting.failure import Failure, detail, listed
from pytest_userstate.application.asserting.matching import (
    as_expected,
    exactly,
    expect,
    require,
)
from pytest_userstate.application.explaining.nearest import nearest
from pytest_userstate.domain.snapshot import Extension, SchemaSnapshot

_ALWAYS_THERE = "plpgsql"
"""PostgreSQL puts it into every database."""


def expected_extension(
    snapshot: SchemaSnapshot,
    name: str,
    *,
    version: str | Unspecified,
    schema: str | Unspecified,
    stub: bool | Unspecified,
) -> Extension:
    """Return the extension if it is as expected, or fail the test."""
    __tracebackhide__ = True
    wanted = arguments.identifier(name)
    facts: Facts[Extension] = (
        *text_fact("version", version, lambda each: each.version),
        *name_fact("schema", schema, lambda each: each.schema),
        *flag_fact("stub", stub, lambda each: each.is_stub),
    )
    extension = expect(_find(snapshot, wanted))
    require(as_expected(f"extension {wanted}", extension, facts))
    return extension


def unwanted_extension(snapshot: SchemaSnapshot, name: str) -> Failure | None:
    """Return the failure that there is an extension of this name."""
    found = _find(snapshot, name)
    if isinstance(found, Failure):
        return None
    return Failure(
        headline=f"there is an extension {name!r}, and there should be none",
        details=detail("found", f"version {found.version} in schema {found.schema}"),
    )


def exactly_extensions(snapshot: SchemaSnapshot, names: object) -> Failure | None:
    """Return a failure unless these are the extensions: all, and no other."""
    wanted = arguments.identifiers(names, "names", single=False, empty=True)
    found = {
        each.name: None
        for each in snapshot.extensions
        if each.name != _ALWAYS_THERE or each.name in wanted
    }
    return exactly("the database", "extensions", wanted, found.items())


def _find(snapshot: SchemaSnapshot, name: str) -> Extension | Failure:
    extensions = {each.name: each for each in snapshot.extensions}
    if name in extensions:
        return extensions[name]
    return Failure(
        headline=f"there is no extension {name!r}",
        details=(
            *detail("found", listed(list(extensions))),
            *detail("nearest", nearest(name, extensions)),
        ),
    )
