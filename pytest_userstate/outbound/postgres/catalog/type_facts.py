"""What the audit needs to know of a type, found once for each type in use."""

from __future__ import annotations

import collections.abc as cabc
import typing as typ

import attrs

from pytest_userstate.outbound.postgres.catalog import (
    relation_queries,
    type_queries,
)

Look = cabc.Callable[[set[tuple[int, int]]], cabc.Iterable[type_queries.Type]]
ANY_MODIFIER: typ.Final = -1


@attrs.frozen(kw_only=True)
class TypeFacts:
    """A type with its modifier, as a column or domain uses it.

    Parameters
    ----------
    text : str
        The type as PostgreSQL writes it.
    is_domain : bool
        Whether it is a domain.
    is_never_null : bool
        Whether it is a domain that excludes null, itself or further down.
    has_equality : bool
        Whether its values have an equality that ``DISTINCT`` and keys could use.
        (The ``=`` of ``box`` and ``circle`` compares areas, and is none.)
    collation : int
        The type's own collation.
    """

    text: str
    is_domain: bool
    is_never_null: bool
    has_equality: bool
    collation: int


class Types:
    """The types in use, and those that they are made of.

    Parameters
    ----------
    wanted : set of (int, int)
        Types with modifiers; those of every composite type's attributes included.
    look
        Looks types up in the catalog.
    attributes : mapping of int to sequence of Attribute
        The attributes of composite types and tables.
    with_equality : set of int
        Types for which the catalog has an equality of their own.
    """

    def __init__(
        self,
        wanted: set[tuple[int, int]],
        *,
        look: Look,
        attributes: cabc.Mapping[int, cabc.Sequence[relation_queries.Attribute]],
        with_equality: cabc.Set[int],
    ) -> None:
        """Look up what is wanted, then what that is made of, and so on."""
        self._attributes = attributes
        self._equality = dict.fromkeys(with_equality, True)
        self._types: dict[int, type_queries.Type] = {}
        self._facts: dict[tuple[int, int], TypeFacts] = {}
        found: list[type_queries.Type] = []
        while wanted:
            new = list(look(wanted))
            found += new
            self._types.update((row.oid, row) for row in new)
            parts = {part for row in new for part in (row.base, row.element) if part}
            wanted = {(part, ANY_MODIFIER) for part in parts - self._types.keys()}
        for row in found:
            self._facts[row.oid, row.modifier] = self._facts_of(row)

    def __getitem__(self, type_and_modifier: tuple[int, int]) -> TypeFacts:
        """Return the facts of a type with its modifier."""
        return self._facts[type_and_modifier]

    def _facts_of(self, row: type_queries.Type) -> TypeFacts:
        return TypeFacts(
            text=row.text,
            is_domain=row.kind == "d",
            is_never_null=self._is_never_null(row),
            has_equality=self._has_equality(row.oid),
            collation=row.collation,
        )

    def _is_never_null(self, row: type_queries.Type) -> bool:
        """Whether a domain, or a domain that it is based on, excludes null."""
        while row.kind == "d":
            if row.is_not_null:
                return True
            row = self._types[row.base]
        return False

    def _has_equality(self, oid: int) -> bool:
        if oid not in self._equality:
            self._equality[oid] = self._find_equality(self._types[oid])
        return self._equality[oid]

    def _find_equality(self, row: type_queries.Type) -> bool:
        match row.kind:
            case "d":
                return self._has_equality(row.base)
            case "e" | "r" | "m":  # enumerated types, ranges, multiranges
                return True
            case "c":
                attributes = self._attributes.get(row.relation, ())
                types = [attribute.type for attribute in attributes]
                return bool(types) and all(map(self._has_equality, types))
            case _:
                return bool(row.element) and self._has_equality(row.element)
