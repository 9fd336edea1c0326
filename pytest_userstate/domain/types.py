"""Types that a schema defines for itself."""

from __future__ import annotations

import collections.abc as cabc

import attrs

from pytest_userstate.domain.constraints import CheckConstraint
from pytest_userstate.domain.converters import by_name, strings


def _checks(values: cabc.Iterable[CheckConstraint]) -> tuple[CheckConstraint, ...]:
    return by_name(values)


@attrs.frozen(kw_only=True)
class Enum:
    """An enumerated type; its labels keep the order that PostgreSQL sorts by."""

    name: str
    labels: tuple[str, ...] = attrs.field(converter=strings)
    schema: str = "public"
    comment: str | None = None


@attrs.frozen(kw_only=True)
class CompositeType:
    """A composite type; `attributes` are names with types: ``street text``."""

    name: str
    attributes: tuple[str, ...] = attrs.field(converter=strings)
    schema: str = "public"
    comment: str | None = None


@attrs.frozen(kw_only=True)
class RangeType:
    """A range type: the type of its bounds, and what orders them.

    `collation` is set if it is not the subtype's own, `operator_class` if it is not
    the subtype's default; `canonical` and `difference` are functions.
    """

    name: str
    subtype: str
    schema: str = "public"
    collation: str | None = None
    operator_class: str | None = None
    canonical: str | None = None
    difference: str | None = None
    comment: str | None = None


@attrs.frozen(kw_only=True)
class Domain:
    """A domain: a base type with constraints of its own."""

    name: str
    data_type: str
    schema: str = "public"
    is_nullable: bool = True
    default: str | None = None
    collation: str | None = None
    check_constraints: tuple[CheckConstraint, ...] = attrs.field(
        default=(), converter=_checks
    )
    comment: str | None = None
